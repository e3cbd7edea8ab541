// The page: signs in, shows the view that the address names, and whether loading succeeds.

import { Api, Failure } from './api.js';
import { showDeliveries } from './deliveries.js';
import { showEndpoints } from './endpoints.js';
import { showEvents } from './events.js';

const VIEWS = { endpoints: showEndpoints, deliveries: showDeliveries, events: showEvents };
const byId = (id) => document.getElementById(id);

let api;
let left = new AbortController(); // aborted when the person leaves the view

// ---- the session: this tab's own, and never in the address

function restore() {
  const { address, token } = JSON.parse(sessionStorage.getItem('session') ?? '{}');
  if (address === undefined) signOut();
  else enter(new Api(address, token));
}

async function signIn(event) {
  event.preventDefault();
  const [address, token] = [byId('url').value.trim(), byId('token').value.trim()];
  say('');
  try {
    const candidate = new Api(address, token);
    say('Signing in …');
    await candidate.get('/webhooks/endpoints');
    sessionStorage.setItem('session', JSON.stringify({ address, token }));
    say('');
    enter(candidate);
  } catch (error) {
    complain(error);
  }
}

function enter(entered) {
  api = entered;
  byId('token').value = '';
  byId('host').textContent = new URL(api.root).host;
  showSession(true);
  showView();
}

function signOut() {
  left.abort();
  api = undefined;
  sessionStorage.removeItem('session');
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  byId('view').replaceChildren();
  byId('state').textContent = '';
  showSession(false);
  byId('url').value ||= new URL(document.querySelector('meta[name=api]').content, location.href).href;
  byId(byId('url').value ? 'token' : 'url').focus();
}

function showSession(isSignedIn) {
  for (const id of ['views', 'session']) byId(id).hidden = !isSignedIn;
  byId('sign-in').hidden = isSignedIn;
}

// ---- the view

function showView() {
  if (api === undefined) return;
  left.abort();
  left = new AbortController();
  const [, name, search] = /^#\/(\w+)(?:\?(.*))?$/.exec(location.hash) ?? [];
  const view = Object.hasOwn(VIEWS, name) ? name : 'endpoints';
  for (const link of byId('views').children) {
    if (link.hash === `#/${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const { signal } = left;
  const focused = document.activeElement.closest('.filters') && document.activeElement.name;
  const query = Object.fromEntries(new URLSearchParams(search));
  say('');
  byId('state').textContent = 'Loading …';
  byId('view').replaceChildren(VIEWS[view]({ api, query, signal, say, complain, report: (...args) => report(signal, ...args) }));
  if (focused) byId('view').querySelector(`.filters [name="${focused}"]`)?.focus();
  else if (!isVisible(document.activeElement)) byId('view').querySelector('h2').focus();
}

// The focus is on the body, or on a part that has just been hidden, if the person's last one is gone.
function isVisible(node) {
  return node !== document.body && node.checkVisibility();
}

// The outcome of the view's polling: `failure` is undefined if it succeeded.
function report(signal, failure, state = 'Live') {
  if (signal.aborted) return;
  if (failure?.isSignedOut) {
    signOut();
    complain(failure);
  } else if (failure?.isFinal) {
    setText('state', '');
    complain(failure);
  } else {
    setText('state', failure === undefined ? state : stateAfter(failure));
    byId('state').classList.toggle('bad', failure !== undefined);
  }
}

function stateAfter({ isConnectionLost, message, retryAfterS }) {
  if (isConnectionLost) return 'Connection lost; trying again.';
  return `${message} Trying again${retryAfterS === undefined ? '' : ` in ${retryAfterS} s`}.`;
}

// ---- messages

function say(text) {
  byId('problem').textContent = '';
  byId('confirmation').replaceChildren(text);
}

// Shows a failure of something that the person did.
function complain(error) {
  if (error.name === 'AbortError') return;
  if (!(error instanceof Failure)) throw error;
  if (error.isSignedOut && api !== undefined) signOut();
  byId('confirmation').textContent = '';
  const fields = error.fields.map(({ field, detail }) => `${field}: ${detail}.`);
  byId('problem').textContent = [error.sentence, ...fields].join(' ');
}

// A screen reader reads each change aloud.
function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

if (self === top) {
  byId('sign-in').addEventListener('submit', signIn);
  byId('sign-out').addEventListener('click', () => {
    signOut();
    say('Signed out.');
  });
  addEventListener('hashchange', showView);
  restore();
} else {
  // A page around this one could place its own texts over the buttons.
  byId('problem').textContent = 'This page does not work inside another one: open it in a tab of its own.';
}
