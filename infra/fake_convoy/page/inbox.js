// The inbox: a card for each of the newest events, which is put in place anew when it changes.

import { cardOf, element, fill, secondsTo } from './cards.js';

const byId = (id) => document.getElementById(id);
const cards = new Map(); // by the event's uid
const opened = new Set(); // uids of the cards that are open
let stale = new Set(); // uids that a new connection has not told of yet
let newest = 200; // how many cards there may be
let total = 0; // events that the stand-in has
let stream;

// ---- what comes

function show(event) {
  stale.delete(event.uid);
  total = Math.max(total, event.number);
  let card = cards.get(event.uid);
  if (card === undefined) {
    card = cardOf(event, opened.has(event.uid), (open) => {
      if (open) opened.add(event.uid);
      else opened.delete(event.uid);
    });
    cards.set(event.uid, card);
    // Nearly always the first: what comes is new.
    const after = [...byId('events').children].find(({ number }) => number < event.number);
    byId('events').insertBefore(card, after ?? null);
    if (cards.size > newest) forget([...cards].find(([, each]) => each === byId('events').lastChild)[0]);
  }
  fill(card, event, (delivery) => put(`/inbox/deliveries/${delivery}/resend`, {}, 'Sent again.'));
  tell();
}

function forget(uid) {
  cards.get(uid).remove();
  cards.delete(uid);
}

function hello(told) {
  newest = told.newest;
  total = 0;
  stale = new Set(cards.keys());
  byId('try').textContent = `curl ${told.api}/todo -H 'Content-Type: application/json' \\\n`
    + `  -d '{"item": "Write the tests"}'`;
}

function ready() {
  for (const uid of stale) forget(uid);
  stale.clear();
  tell();
}

function clear() {
  total = 0;
  for (const uid of [...cards.keys()]) forget(uid);
  tell();
}

// Once for all that comes together, and only what is new: it is read aloud.
function tell() {
  tell.soon ??= setTimeout(() => {
    tell.soon = undefined;
    const searched = byId('search').value.trim() !== '';
    const count = (number) => `${number} event${number === 1 ? '' : 's'}`;
    const all = total > cards.size ? `the newest ${cards.size} of ${count(total)}` : count(cards.size);
    say('state', searched ? `${count(cards.size)} found, live` : `${all}, live`);
    byId('empty').hidden = cards.size > 0 || searched;
    byId('no-match').hidden = cards.size > 0 || !searched;
  }, 100);
}

function say(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function receiver({ fails_for_s: seconds }) {
  const until = Date.now() + seconds * 1000;
  const focused = byId('receiver').contains(document.activeElement);
  byId('receiver').classList.toggle('fails', seconds > 0);
  byId('receiver-state').replaceChildren(...(seconds > 0
    ? ['The receiver answers 503, for ', element('span', { 'data-until': until }, secondsTo(until)), '.']
    : ['The receiver works.']));
  for (const button of byId('receiver').querySelectorAll('button')) {
    button.hidden = (seconds > 0) === (button.dataset.seconds !== '0');
  }
  if (focused) byId('receiver').querySelector('button:not([hidden])').focus();
  clearTimeout(receiver.over);
  if (seconds > 0) receiver.over = setTimeout(() => receiver({ fails_for_s: 0 }), seconds * 1000);
}

function connect() {
  stream?.close();
  const search = byId('search').value.trim();
  stream = new EventSource(`/inbox/stream?search=${encodeURIComponent(search)}`);
  const on = (name, act) => stream.addEventListener(name, ({ data }) => act(JSON.parse(data)));
  on('hello', hello);
  on('receiver', receiver);
  on('event', show);
  on('ready', ready);
  on('cleared', clear);
  stream.onerror = () => {
    clearTimeout(tell.soon);
    tell.soon = undefined;
    say('state', 'Connection lost; trying again. Is “make run” still running?');
  };
}

// ---- what a person does

async function put(path, body, done) {
  byId('problem').hidden = true;
  byId('said').textContent = '';
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await reasonOf(answer));
    byId('said').textContent = done;
  } catch (error) {
    byId('problem').textContent = `That did not work: ${error.message}`;
    byId('problem').hidden = false;
  }
}

async function reasonOf(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).message;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}

byId('receiver').addEventListener('click', ({ target }) => {
  const { seconds } = target.dataset;
  if (seconds === undefined) return;
  const done = seconds === '0' ? 'The receiver works again.' : `The receiver fails for ${seconds} seconds.`;
  put('/inbox/receiver', { seconds: Number(seconds) }, done);
});

byId('search').addEventListener('input', () => {
  clearTimeout(connect.soon);
  connect.soon = setTimeout(connect, 150);
});

byId('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(byId('try').textContent);
    byId('said').textContent = 'Copied.';
  } catch {
    getSelection().selectAllChildren(byId('try'));
    byId('said').textContent = 'Selected: copy it by hand.';
  }
});

document.addEventListener('keydown', (event) => {
  const search = byId('search');
  if (event.key === '/' && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});

setInterval(() => {
  for (const counted of document.querySelectorAll('[data-until]')) {
    const until = counted.dataset.until;
    counted.textContent = secondsTo(/^\d+(\.\d+)?$/.test(until) ? Number(until) : until);
  }
}, 1000);

connect();
