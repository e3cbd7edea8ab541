// What the person's buttons do, and what comes of it. Without a connection they do nothing.

import { byId, element } from './elements.js';

const DEADLINE_S = 10;
const CONFIRMED_S = 5; // a confirmation is shown for so long

let isLive = false;

// A button that changes something in the stack. `key` names it inside its card: the focus stays on it.
export function actionButton(text, act, { key, isOff = false } = {}) {
  const button = element('button', { type: 'button', 'data-key': key, 'data-action': true, 'data-off': isOff }, text);
  button.addEventListener('click', () => isOn(button) && act());
  showWhether(button);
  return button;
}

export function isOn(button) {
  return button.getAttribute('aria-disabled') !== 'true';
}

export function switchOff(button, isOff) {
  button.toggleAttribute('data-off', isOff);
  showWhether(button);
}

export function setLive(isConnected) {
  isLive = isConnected;
  document.body.classList.toggle('offline', !isLive);
  document.querySelectorAll('[data-action]').forEach(showWhether);
}

function showWhether(button) {
  if (isLive && !button.hasAttribute('data-off')) button.removeAttribute('aria-disabled');
  else button.setAttribute('aria-disabled', 'true');
}

// `done`: the confirmation, or a function that makes it of the answer's JSON.
export async function put(path, body, done) {
  byId('problem').hidden = true;
  say('');
  try {
    const answer = await fetch(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_S * 1000),
    });
    const text = await answer.text();
    if (!answer.ok) complain(`That did not work: ${reasonOf(answer, text)}`);
    else say(typeof done === 'function' ? done(JSON.parse(text)) : done);
  } catch (error) {
    complain(`No answer (${error.message}): it may or may not have been done. Is “make run” still running?`);
  }
}

function reasonOf({ status, statusText }, text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return `${status} ${statusText}: ${text}`;
  }
}

export function say(text) {
  byId('confirmation').textContent = text;
  clearTimeout(say.end);
  if (text !== '') say.end = setTimeout(() => say(''), CONFIRMED_S * 1000);
}

export function complain(text) {
  byId('problem-text').textContent = text;
  byId('problem').hidden = false;
}

byId('dismiss').addEventListener('click', () => { byId('problem').hidden = true; });

// Copies what `textOf` gives then. `what`: a noun, for the button's name.
export function copyButton(what, textOf, label = 'Copy') {
  const button = element('button', {
    type: 'button', class: 'small', 'data-key': `copy ${what}`, 'aria-label': label === 'Copy' ? `Copy the ${what}` : undefined,
  }, label);
  button.addEventListener('click', () => copy(what, textOf()));
  return button;
}

export async function copy(what, text) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied: the ${what}.`);
  } catch {
    complain('The browser did not allow to copy. Select the text, and copy it by hand.');
  }
}
