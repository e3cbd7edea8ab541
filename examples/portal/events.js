// The events, newest first, as they come: from a time on, or one by its id.

import { cardList, element, hash, moment, payload, renew } from './elements.js';
import { filterForm, option } from './filters.js';
import { once, poll } from './polling.js';

const EVERY_S = 3;
const PAGE = 500; // events of one call
const NEWEST = 500; // the largest number of cards

const SPANS = { 1: 'the last hour', 24: 'the last 24 hours', 168: 'the last 7 days', 720: 'the last 30 days' };

export function showEvents({ api, query, signal, report, complain }) {
  const empty = element('p', { class: 'empty', hidden: true });
  const list = cardList('Events, newest first', newCard, () => {});
  const { form, fill } = eventFilters(query);
  const fillTypes = once(async () => fill(loggedTypes(await api.document(signal))));
  const known = new Map(); // by id, oldest first
  let total = 0;
  let after = new Date(Date.now() - hoursOf(query) * 3600_000).toISOString();

  // Goes on from where the last page ended, up to the horizon: no event commits before it any more.
  async function page() {
    for (let next = after; next !== undefined;) {
      const answer = await api.get('/events', { after: next, type: query.type, limit: PAGE }, signal);
      answer.data.forEach(add);
      show('No event in this time. New ones appear here by themselves.');
      next = answer.next;
      after = next ?? answer.until;
    }
    await fillTypes();
  }

  // One event, once. A ping is in no log, and the log keeps the others for some weeks.
  async function one() {
    try {
      const { data } = await api.get(`/events/${encodeURIComponent(query.id)}`, {}, signal);
      add(data);
      show('');
      list.node.querySelector('details').open = true;
      report(undefined, 'One event');
    } catch (error) {
      if (error.status !== 404) throw error;
      show('The log has no event with this id. It keeps changes, for some weeks; it does not keep reads and pings.');
      report(undefined, 'No event');
    }
    await fillTypes();
  }

  function add(event) {
    if (known.has(event.id)) return;
    known.set(event.id, event);
    total += 1;
    if (known.size > NEWEST) known.delete(known.keys().next().value);
  }

  function show(text) {
    list.show([...known.values()].reverse());
    renew(empty, text);
    empty.hidden = known.size > 0;
  }

  const stateOf = () => (total > known.size ? `The newest ${known.size} of ${total} events, live` : `${count(total)}, live`);
  const failed = (error) => {
    report(undefined, '');
    complain(error);
  };
  if (query.id) one().catch(failed);
  else poll(page, EVERY_S, signal, (failure) => report(failure, stateOf()));

  return element('section', {},
    element('div', { class: 'view-head' }, element('h2', { tabindex: '-1' }, 'Events')),
    form, empty, list.node);
}

// The address may be somebody else's: it has any text.
const hoursOf = ({ hours }) => Number(Object.hasOwn(SPANS, hours) ? hours : 1);

// The log keeps some types only.
function loggedTypes({ paths }) {
  return paths['/events'].get.parameters.find(({ name }) => name === 'type').schema.items.enum;
}

// The form, and what fills its list of types, which comes later.
function eventFilters(query) {
  const type = element('select', { name: 'type' }, option('', 'all', query.type));
  if (query.type) type.append(option(query.type, query.type, query.type));
  const hours = element('select', { name: 'hours' },
    ...Object.entries(SPANS).map(([value, text]) => option(value, text, String(hoursOf(query)))));
  const id = element('input', { name: 'id', autocomplete: 'off', spellcheck: 'false', value: query.id });
  const form = filterForm('events', { Type: type, Period: hours, 'Event id': id });
  const fill = (types) => type.append(...types.filter((each) => each !== query.type).map((each) => option(each, each)));
  return { form, fill };
}

// An event never changes. The body is made when the card opens: most cards stay closed.
function newCard(event) {
  const details = element('details', {},
    element('summary', {},
      element('span', { class: 'type' }, String(event.event)),
      element('span', { class: 'about' }, aboutOf(event)),
      moment(event.occurred_at)));
  details.addEventListener('toggle', () => {
    if (details.children.length === 1) details.append(bodyOf(event));
  }, { once: true });
  return element('li', {}, details);
}

function bodyOf(event) {
  return element('div', { class: 'body' },
    payload(event),
    element('div', { class: 'actions' },
      element('a', { href: hash('deliveries', { event: event.id }) }, 'Its deliveries'),
      element('code', { class: 'quiet' }, event.id)));
}

// The id and the text of the event's resource.
function aboutOf(event) {
  for (const [name, value] of Object.entries(event)) {
    if (value?.id !== undefined) return `#${value.id} ${textOf(value)}`;
    if (name.endsWith('_id')) return `#${value}`;
  }
  return String(event.description ?? '');
}

function textOf(resource) {
  return Object.entries(resource).find(([name, value]) => name !== 'id' && typeof value === 'string')?.[1] ?? '';
}

function count(number) {
  return number === 1 ? '1 event' : `${number} events`;
}
