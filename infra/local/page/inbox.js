// The inbox: one card for each event of the stream, newest first, put in place anew when it changes.

const MAX_CARDS = 500;
const byId = (id) => document.getElementById(id);
const cards = new Map(); // by the event's uid
const opened = new Set(); // uids of the cards that are open, through a reconnection too
let stream;

// An element; text is set as text, so that a payload can't be markup.
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

function clock(at) {
  const shown = new Date(at).toLocaleTimeString([], { hour12: false });
  return element('time', { datetime: at, title: new Date(at).toLocaleString() }, shown);
}

// ---- what an event looks like

function outcomeOf({ status, attempts, next_send_time: next }) {
  const tries = attempts.length;
  if (status === 'Success') return ['good', `✓ delivered${tries > 1 ? ` at attempt ${tries}` : ''}`];
  if (status === 'Failure') return ['bad', `✗ failed after ${tries} attempts`];
  if (status === 'Retry') return ['busy', `↻ attempt ${tries + 1} in `, next];
  return ['busy', '… sending'];
}

function outcome([kind, text, until]) {
  const left = until && element('span', { 'data-until': until }, secondsTo(until));
  return element('span', { class: `outcome ${kind}` }, text, left || undefined);
}

function outcomes(event) {
  if (event.is_duplicate_event) return [outcome(['none', 'duplicate: not sent'])];
  if (event.deliveries.length === 0) return [outcome(['none', 'no endpoint'])];
  return event.deliveries.map((delivery) => outcome(outcomeOf(delivery)));
}

function todoOf({ data }) {
  if (data?.todo?.id !== undefined) return `#${data.todo.id} ${data.todo.item}`;
  return data?.todo_id === undefined ? '' : `#${data.todo_id}`;
}

function summaryOf(event) {
  return element('summary', { 'data-key': 'summary' },
    element('span', { class: 'type' }, event.event_type),
    element('span', { class: 'todo' }, todoOf(event)),
    ...outcomes(event),
    element('span', { class: 'owner quiet' }, event.owner_id),
    clock(event.created_at));
}

function attemptOf(attempt, index) {
  const { signature, verifies } = attempt;
  return element('li', {},
    element('span', { class: 'quiet' }, `${index + 1}.`),
    clock(attempt.at),
    element('span', { class: `answer ${attempt.arrived ? 'good' : 'bad'}` }, attempt.answer),
    element('span', { class: 'quiet' }, attempt.latency_ms === null ? '' : `${attempt.latency_ms} ms`),
    element('span', { class: 'signature' },
      element('code', {}, signature), ' ',
      element('span', { class: verifies ? 'good' : 'bad' }, verifies ? '✓ verifies' : '✗ does not verify')));
}

function deliveryOf(delivery) {
  const over = ['Success', 'Failure'].includes(delivery.status);
  const resend = element('button', {
    type: 'button',
    'data-key': delivery.uid,
    'aria-disabled': over ? undefined : 'true',
    onclick: () => over && put(`/inbox/deliveries/${delivery.uid}/resend`),
  }, 'Resend');
  return element('section', { class: 'delivery' },
    element('div', { class: 'delivery-head' },
      element('h3', {}, `To ${delivery.endpoint.name}, ${delivery.endpoint.url}`),
      outcome(outcomeOf(delivery)), resend),
    element('ol', { class: 'attempts', 'aria-label': 'Attempts' }, ...delivery.attempts.map(attemptOf)));
}

function factsOf(event) {
  const facts = { Event: event.idempotency_key, Owner: event.owner_id };
  return Object.entries(facts).flatMap(([name, value]) => [
    element('dt', {}, name), element('dd', {}, element('code', {}, value || '–'))]);
}

function cardOf(event) {
  const details = element('details', opened.has(event.uid) ? { open: '' } : {},
    summaryOf(event),
    element('div', { class: 'event' },
      element('dl', {}, ...factsOf(event)),
      element('pre', { tabindex: '0', 'data-key': 'payload', 'aria-label': 'Payload' },
        JSON.stringify(event.data, null, 2)),
      ...event.deliveries.map(deliveryOf)));
  details.addEventListener('toggle', () => {
    if (details.open) opened.add(event.uid);
    else opened.delete(event.uid);
  });
  return element('li', { 'data-uid': event.uid }, details);
}

// ---- what comes

function show(event) {
  const card = cardOf(event);
  const before = cards.get(event.uid);
  cards.set(event.uid, card);
  if (before === undefined) {
    byId('events').prepend(card);
    if (cards.size > MAX_CARDS) forgetOldest();
  } else {
    const focused = before.contains(document.activeElement) && document.activeElement.dataset.key;
    before.replaceWith(card);
    if (focused) card.querySelector(`[data-key="${focused}"]`)?.focus();
  }
  tell();
}

function forgetOldest() {
  const [uid, card] = cards.entries().next().value;
  card.remove();
  cards.delete(uid);
}

function clear() {
  cards.clear();
  byId('events').replaceChildren();
  tell();
}

function tell() {
  const searched = byId('search').value.trim() !== '';
  byId('state').textContent = `${cards.size} event${cards.size === 1 ? '' : 's'}, live`;
  byId('empty').hidden = cards.size > 0 || searched;
  byId('no-match').hidden = cards.size > 0 || !searched;
}

function hello({ api }) {
  byId('try').textContent = `curl ${api}/todo -H 'Content-Type: application/json' \\\n`
    + `  -d '{"item": "Write the tests"}'`;
  clear();
}

function receiver({ fails_until: until }) {
  const fails = until * 1000 > Date.now();
  byId('receiver').classList.toggle('fails', fails);
  byId('receiver-state').replaceChildren(...(fails
    ? ['The receiver answers 503, for ', element('span', { 'data-until': until * 1000 }, secondsTo(until * 1000)), '.']
    : ['The receiver works.']));
  for (const button of byId('receiver').querySelectorAll('button')) {
    button.hidden = fails === (button.dataset.seconds !== '0');
  }
  clearTimeout(receiver.over);
  if (fails) receiver.over = setTimeout(() => receiver({ fails_until: 0 }), until * 1000 - Date.now());
}

function secondsTo(at) {
  const left = Math.max(0, Math.ceil((new Date(at) - Date.now()) / 1000));
  return `${left} s`;
}

function connect() {
  stream?.close();
  const search = byId('search').value.trim();
  stream = new EventSource(`/inbox/stream?search=${encodeURIComponent(search)}`);
  const on = (name, act) => stream.addEventListener(name, ({ data }) => act(JSON.parse(data)));
  on('hello', hello);
  on('receiver', receiver);
  on('event', show);
  on('cleared', clear);
  stream.onerror = () => {
    byId('state').textContent = 'Connection lost; trying again. Is “make run” still running?';
  };
}

// ---- what a person does

async function put(path, body) {
  const problem = byId('problem');
  problem.hidden = true;
  try {
    const headers = body && { 'content-type': 'application/json' };
    const answer = await fetch(path, { method: 'PUT', headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error((await answer.json()).message);
  } catch (error) {
    problem.textContent = `That did not work: ${error.message}`;
    problem.hidden = false;
  }
}

byId('receiver').addEventListener('click', ({ target }) => {
  if (target.dataset.seconds) put('/inbox/receiver', { seconds: Number(target.dataset.seconds) });
});

byId('search').addEventListener('input', () => {
  clearTimeout(connect.soon);
  connect.soon = setTimeout(connect, 150);
});

byId('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(byId('try').textContent);
  byId('copy').textContent = 'Copied';
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
