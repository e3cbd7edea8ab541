// Loads something again and again while the page is visible, and reports each success and failure.

import { Failure } from './api.js';

const LONGEST_S = 30;

// Calls `load` now and every `everyS` seconds until the signal is aborted. After a failure it waits longer and longer, or
// as long as the API asks; after a final one it waits for a call of the function that it returns, which loads at once.
// `report` gets undefined after a success, and the Failure otherwise.
export function poll(load, everyS, signal, report) {
  let wake = () => {};
  let again = false;
  const run = async () => {
    for (let failures = 0; !signal.aborted;) {
      let waitS = everyS;
      again = false;
      try {
        await load();
        failures = 0;
        if (!signal.aborted) report(undefined);
      } catch (error) {
        if (signal.aborted) return;
        report(error);
        if (!(error instanceof Failure)) throw error;
        failures += 1;
        waitS = error.isFinal ? Infinity : Math.max(1, error.retryAfterS ?? Math.min(LONGEST_S, 2 ** failures));
      }
      if (!again) await wakened(waitS * 1000, (now) => { wake = now; }, signal);
    }
  };
  run();
  return () => {
    again = true;
    wake();
  };
}

// Calls `act` until it has succeeded once.
export function once(act) {
  let done = false;
  return async () => {
    if (done) return;
    await act();
    done = true;
  };
}

// Waits for the time and for a visible page, or for the network's return, or for a call of the handed function.
function wakened(ms, give, signal) {
  const heard = new AbortController();
  return new Promise((resolve) => {
    const soon = ms < Infinity && setTimeout(() => {
      if (document.visibilityState === 'visible') resolve();
      else document.addEventListener('visibilitychange', resolve, { once: true, signal: heard.signal });
    }, ms);
    give(resolve);
    addEventListener('online', resolve, { signal: heard.signal });
    signal.addEventListener('abort', resolve, { signal: heard.signal });
    heard.signal.addEventListener('abort', () => clearTimeout(soon));
  }).finally(() => heard.abort());
}
