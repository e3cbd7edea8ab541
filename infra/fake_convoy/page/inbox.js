// The inbox: a stream of what the stack does, shown as cards, and the search for some of them.

import { copy, put, setLive } from './actions.js';
import { fill, newCard } from './cards.js';
import { byId, setText, tick } from './elements.js';
import { cardList } from './list.js';
import { count } from './texts.js';
import { renewTrouble, showOutbox, showTrouble } from './trouble.js';

const RECONNECT_MS = 1000;

const resend = (delivery) => put(`/inbox/deliveries/${delivery}/resend`, {}, 'Sent again.');
const list = cardList(byId('events'), byId('new'), newCard, (card, event) => fill(card, event, resend));
let newest = 200; // the largest number of cards
let total = 0; // the number of events in the stand-in
let isFresh = true; // whether the connection begins another search
let linked; // the id of the event that the address names
let stream;

// ---- messages of the stream

function hello(settings) {
  newest = settings.newest;
  total = 0;
  list.begin(newest, { fresh: isFresh });
  setLive(true);
  setText(byId('try'), settings.try);
}

function show(event) {
  total = Math.max(total, event.number);
  if (linked !== undefined && [event.uid, event.idempotency_key].includes(linked)) list.open(event.uid);
  list.show(event);
  showState();
}

function ready() {
  isFresh = false;
  list.ready();
  showState();
}

function clear() {
  total = 0;
  list.clear();
  showState();
}

// The text once for several messages: a screen reader reads each change aloud.
function showState() {
  // At once: the first card would move when the text above it goes.
  if (list.size > 0) {
    byId('empty').hidden = true;
    byId('no-match').hidden = true;
  }
  showState.soon ??= setTimeout(() => {
    showState.soon = undefined;
    const isSearch = [...asked().keys()].length > 0;
    const all = total > list.size ? `the newest ${list.size} of ${count(total, 'event')}` : count(list.size, 'event');
    const found = `${list.size >= newest ? 'the newest ' : ''}${count(list.size, 'event')} found`;
    byId('state').classList.remove('bad');
    setText(byId('state'), `${isSearch ? found : all}, live`);
    byId('empty').hidden = list.size > 0 || isSearch;
    byId('no-match').hidden = list.size > 0 || !isSearch;
  }, 100);
}

function lost() {
  clearTimeout(showState.soon);
  showState.soon = undefined;
  setLive(false);
  byId('state').classList.add('bad');
  setText(byId('state'), 'Connection lost; trying again. Is “make run” still running?');
  // The browser tries again by itself, but not after an answer that is no stream.
  if (stream.readyState === EventSource.CLOSED) connectIn(RECONNECT_MS);
}

function connect() {
  stream?.close();
  stream = new EventSource(`/inbox/stream?${asked()}`);
  const on = (name, act) => stream.addEventListener(name, ({ data }) => act(JSON.parse(data)));
  on('hello', hello);
  on('trouble', showTrouble);
  on('outbox', showOutbox);
  on('event', show);
  on('ready', ready);
  on('cleared', clear);
  stream.onerror = lost;
}

function connectIn(milliseconds) {
  clearTimeout(connectIn.soon);
  connectIn.soon = setTimeout(connect, milliseconds);
}

// ---- the search

// What the page asks for, as the stream's query.
function asked() {
  const search = byId('search').value.trim();
  const state = byId('with-state').value;
  const reads = byId('hide-reads').checked ? 'hidden' : '';
  return new URLSearchParams(Object.entries({ search, state, reads }).filter(([, value]) => value !== ''));
}

function searchAgain() {
  isFresh = true;
  connectIn(150);
}

function followLink() {
  // It decodes any text: the link may be somebody else's.
  linked = new URLSearchParams(location.hash.slice(1)).get('event') || undefined;
  if (linked === undefined) return;
  byId('search').value = linked;
  byId('with-state').value = '';
  byId('hide-reads').checked = false;
  searchAgain();
}

byId('filters').addEventListener('input', () => {
  if (linked !== undefined) history.replaceState(null, '', location.pathname);
  linked = undefined;
  searchAgain();
});

byId('filters').addEventListener('submit', (event) => event.preventDefault());

addEventListener('hashchange', followLink);

// ---- the rest

byId('copy').addEventListener('click', () => copy('command', byId('try').textContent));

document.addEventListener('keydown', (event) => {
  const search = byId('search');
  if (event.key !== '/' || ['INPUT', 'SELECT'].includes(document.activeElement.tagName)) return;
  event.preventDefault();
  search.focus();
});

setInterval(() => {
  tick();
  renewTrouble();
}, 1000);

setLive(false);
byId('trouble').open = matchMedia('(min-width: 40rem)').matches;
followLink();
connect();
