// The inbox: a card for each of the newest events, updated when the event changes.

import { cardOf, element, fill, secondsTo } from './cards.js';

const byId = (id) => document.getElementById(id);
const cards = new Map(); // by the event's uid
const opened = new Set(); // uids of the cards that are open
let stale = new Set(); // uids that the new connection has not sent yet
let newest = 200; // the largest number of cards
let total = 0; // the number of events in the stand-in
let stream;

// ---- messages of the stream

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
    // Nearly always before the first card: most events are new.
    const after = [...byId('events').children].find(({ number }) => number < event.number);
    byId('events').insertBefore(card, after ?? null);
    if (cards.size > newest) remove([...cards].find(([, each]) => each === byId('events').lastChild)[0]);
  }
  fill(card, event, (delivery) => put(`/inbox/deliveries/${delivery}/resend`, {}, 'Sent again.'));
  showState();
}

function remove(uid) {
  // The toggle event comes late: a card that is made again right after a click would be closed.
  if (cards.get(uid).querySelector('details').open) opened.add(uid);
  cards.get(uid).remove();
  cards.delete(uid);
}

function hello(settings) {
  newest = settings.newest;
  total = 0;
  stale = new Set(cards.keys());
  byId('try').textContent = `curl ${settings.api}/todo -H 'Content-Type: application/json' \\\n`
    + `  -d '{"item": "Write the tests"}'`;
}

function ready() {
  for (const uid of stale) remove(uid);
  stale.clear();
  showState();
}

function clear() {
  total = 0;
  for (const uid of [...cards.keys()]) remove(uid);
  showState();
}

// Once for several messages, and only if the text differs: a screen reader reads each change aloud.
function showState() {
  showState.soon ??= setTimeout(() => {
    showState.soon = undefined;
    const searched = byId('search').value.trim() !== '';
    const count = (number) => `${number} event${number === 1 ? '' : 's'}`;
    const all = total > cards.size ? `the newest ${cards.size} of ${count(total)}` : count(cards.size);
    setText('state', searched ? `${count(cards.size)} found, live` : `${all}, live`);
    byId('empty').hidden = cards.size > 0 || searched;
    byId('no-match').hidden = cards.size > 0 || !searched;
  }, 100);
}

function setText(id, text) {
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
  clearTimeout(receiver.end);
  if (seconds > 0) receiver.end = setTimeout(() => receiver({ fails_for_s: 0 }), seconds * 1000);
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
    clearTimeout(showState.soon);
    showState.soon = undefined;
    setText('state', 'Connection lost; trying again. Is “make run” still running?');
  };
}

// ---- actions of the person

async function put(path, body, done) {
  byId('problem').hidden = true;
  byId('confirmation').textContent = '';
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await reasonOf(answer));
    byId('confirmation').textContent = done;
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
    byId('confirmation').textContent = 'Copied.';
  } catch {
    getSelection().selectAllChildren(byId('try'));
    byId('confirmation').textContent = 'The command is selected. Copy it by hand.';
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
