// An event's card, which opens to show the payload, the deliveries and their attempts.

// Makes an element. A child that is a string is text, never markup: it may be part of a payload.
export function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

function clock(at) {
  const shown = new Date(at).toLocaleTimeString([], { hour12: false });
  return element('time', { datetime: at, title: new Date(at).toLocaleString() }, shown);
}

function outcomeOf({ status, attempts, next_send_time: next }) {
  const tries = attempts.length;
  if (status === 'Success') return ['good', `✓ delivered${tries > 1 ? ` at attempt ${tries}` : ''}`];
  if (status === 'Failure') return ['bad', `✗ failed after ${tries} attempts`];
  if (status === 'Discarded') return ['bad', '✗ discarded'];
  if (status === 'Retry') return ['busy', `↻ attempt ${tries + 1} in `, next];
  if (status === 'Scheduled') return ['busy', '… scheduled'];
  return ['busy', '… sending'];
}

function outcome([kind, text, until]) {
  const left = until && element('span', { 'data-until': until }, secondsTo(until));
  return element('span', { class: `outcome ${kind}` }, text, left || undefined);
}

function outcomes(event) {
  if (!event.storable) return [outcome(['bad', '✗ lost: Convoy can’t store its text'])];
  if (event.is_duplicate_event) return [outcome(['none', 'duplicate: not sent'])];
  if (event.status === 'Failure') return [outcome(['none', event.failure_reason])];
  if (event.deliveries.length === 0) return [outcome(['busy', `… ${event.status.toLowerCase()}`])];
  return event.deliveries.map((delivery) => outcome(outcomeOf(delivery)));
}

// The id and the text of the event's todo, or of its other resource.
function aboutOf({ data }) {
  for (const [name, value] of Object.entries(data ?? {})) {
    if (value?.id !== undefined) return `#${value.id} ${textOf(value)}`;
    if (name.endsWith('_id')) return `#${value}`;
  }
  return '';
}

function textOf(resource) {
  return Object.entries(resource).find(([name, value]) => name !== 'id' && typeof value === 'string')?.[1] ?? '';
}

function summaryOf(event) {
  return [
    element('span', { class: 'type' }, event.event_type),
    element('span', { class: 'about' }, aboutOf(event)),
    ...outcomes(event),
    element('span', { class: 'owner quiet' }, event.owner_id),
    clock(event.created_at),
  ];
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

function deliveryOf(delivery, resend) {
  const ended = ['Success', 'Failure', 'Discarded'].includes(delivery.status);
  const button = element('button', {
    type: 'button',
    'data-key': delivery.uid,
    'aria-disabled': ended ? undefined : 'true',
    onclick: () => ended && resend(delivery.uid),
  }, 'Resend');
  return element('section', { class: 'delivery' },
    element('div', { class: 'delivery-head' },
      element('h3', {}, `To ${delivery.endpoint.name}, ${delivery.endpoint.url}`),
      outcome(outcomeOf(delivery)), button),
    element('ol', { class: 'attempts', 'aria-label': 'Attempts' }, ...delivery.attempts.map(attemptOf)));
}

function factsOf(event) {
  const facts = { Event: event.idempotency_key, Owner: event.owner_id };
  return Object.entries(facts).flatMap(([name, value]) => [
    element('dt', {}, name), element('dd', {}, element('code', {}, value || '–'))]);
}

export function cardOf(event, isOpen, onToggle) {
  const details = element('details', isOpen ? { open: '' } : {},
    element('summary', {}),
    element('div', { class: 'event' },
      element('dl', {}, ...factsOf(event)),
      element('pre', { tabindex: '0', role: 'region', 'aria-label': 'Payload' },
        JSON.stringify(event.data, null, 2)),
      element('div', { class: 'deliveries' })));
  details.addEventListener('toggle', () => onToggle(details.open));
  const card = element('li', {}, details);
  card.number = event.number;
  return card;
}

// Shows the event's present state. The payload never changes, and somebody may be reading it.
export function fill(card, event, resend) {
  const key = card.contains(document.activeElement) && document.activeElement.dataset.key;
  renew(card.querySelector('summary'), summaryOf(event));
  renew(card.querySelector('.deliveries'), event.deliveries.map((delivery) => deliveryOf(delivery, resend)));
  if (key) card.querySelector(`[data-key="${key}"]`)?.focus();
}

// Replaces what has changed only: a click on an element that is replaced meanwhile is lost.
function renew(place, elements) {
  const next = element('div', {}, ...elements);
  if (place.innerHTML !== next.innerHTML) place.replaceChildren(...next.childNodes);
}

// The time left until `at`: milliseconds since 1970, or a time as JSON has it.
export function secondsTo(at) {
  const left = Math.max(0, Math.ceil((new Date(at) - Date.now()) / 1000));
  return `${left} s`;
}
