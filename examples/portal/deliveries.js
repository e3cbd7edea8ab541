// The deliveries, newest first: each with its attempts, and sent again by its button.

import { button, cardList, code, element, facts, hash, moment, renew } from './elements.js';
import { filterForm, option } from './filters.js';
import { once, poll } from './polling.js';

const EVERY_S = 5;

const ENDED = ['Success', 'Failure', 'Discarded'];
const STATES = {
  Success: ({ attempts }) => ['good', `✓ delivered${attempts > 1 ? ` (${attempts} attempts)` : ''}`],
  Failure: ({ attempts }) => ['bad', `✗ failed after ${attempts === 1 ? '1 attempt' : `${attempts} attempts`}`],
  Discarded: () => ['bad', '✗ discarded'],
  Retry: ({ attempts }) => ['busy', `↻ attempt ${attempts + 1} follows`],
  Scheduled: () => ['busy', '… scheduled'],
  Processing: () => ['busy', '… sending'],
};
const NAMES = {
  Success: 'delivered', Failure: 'failed', Discarded: 'discarded', Retry: 'to be tried again', Scheduled: 'scheduled', Processing: 'being sent',
};

export function showDeliveries({ api, query, signal, say, complain, report }) {
  const filters = { endpoint: query.endpoint, event: query.event, status: query.status };
  const known = new Map(); // by id
  const opened = new Map(); // the open cards' deliveries, with their attempts
  let older; // where the older ones begin
  const empty = element('p', { class: 'empty', hidden: true }, 'No delivery.');
  const list = cardList('Deliveries, newest first', newCard, fill);
  const more = button('Show older ones', () => showOlder(), { className: 'more' });
  more.hidden = true;

  const load = async () => {
    const page = await api.get('/webhooks/deliveries', filters, signal);
    // If no old one is among them, others lie between: begin anew.
    const joins = page.data.some(({ id }) => known.has(id));
    if (!joins) {
      known.clear();
      older = page.next;
    }
    add(page.data);
    await Promise.all([...opened.keys()].map(loadAttempts));
    show();
    await fillFilters();
  };

  const showOlder = async () => {
    say('');
    try {
      const page = await api.get('/webhooks/deliveries', { ...filters, after: older }, signal);
      older = page.next;
      add(page.data);
      show();
    } catch (error) {
      complain(error);
    }
  };

  const loadAttempts = async (id) => {
    const { data } = await api.get(`/webhooks/deliveries/${encodeURIComponent(id)}`, {}, signal);
    if (opened.has(id)) opened.set(id, data);
    known.set(id, data);
  };

  const add = (page) => {
    for (const delivery of page) known.set(delivery.id, delivery);
  };

  const show = () => {
    const items = [...known.values()].sort((a, b) => new Date(b.created_at) - new Date(a.created_at));
    list.show(items);
    empty.hidden = items.length > 0;
    more.hidden = older === undefined;
  };

  const { form, fill: fillForm } = deliveryFilters(query);
  const fillFilters = once(async () => fillForm((await api.get('/webhooks/endpoints', {}, signal)).data));
  const refresh = poll(load, EVERY_S, signal, report);

  async function toggle({ id }, isOpen) {
    if (!isOpen) {
      opened.delete(id);
      return;
    }
    opened.set(id, undefined);
    try {
      await loadAttempts(id);
      show();
    } catch (error) {
      complain(error);
    }
  }

  async function resend({ id }) {
    say('');
    try {
      await api.call('POST', `/webhooks/deliveries/${encodeURIComponent(id)}/resend`);
      say('Sent again.');
    } catch (error) {
      complain(error);
    }
    refresh();
  }

  function newCard() {
    const details = element('details', {},
      element('summary', {}),
      element('div', { class: 'body' },
        element('div', { class: 'facts' }), element('div', { class: 'actions' }), element('div', { class: 'attempts' })));
    const card = element('li', {}, details);
    details.addEventListener('toggle', () => toggle(card.item, details.open));
    return card;
  }

  function fill(card) {
    const delivery = card.item;
    renew(card.querySelector('summary'), ...summaryOf(delivery));
    renew(card.querySelector('.facts'), factsOf(delivery));
    const ended = ENDED.includes(delivery.status);
    renew(card.querySelector('.actions'),
      button('Send again', () => resend(card.item), { key: 'resend', disabled: !ended }),
      delivery.event && element('a', { href: hash('events', { id: delivery.event }), 'data-key': 'event' }, 'Its event'));
    const attempts = opened.get(delivery.id)?.attempts_made;
    if (attempts !== undefined) renew(card.querySelector('.attempts'), ...attemptsOf(attempts));
  }

  return element('section', {},
    element('div', { class: 'view-head' }, element('h2', { tabindex: '-1' }, 'Deliveries')),
    form,
    empty, list.node, more);
}

// The form, and what fills its list of endpoints, which comes later.
function deliveryFilters(query) {
  const endpoint = element('select', { name: 'endpoint' }, option('', 'all', query.endpoint));
  if (query.endpoint) endpoint.append(option(query.endpoint, query.endpoint, query.endpoint));
  const status = element('select', { name: 'status' }, option('', 'any', query.status),
    ...Object.entries(NAMES).map(([value, name]) => option(value, name, query.status)));
  const event = element('input', { name: 'event', autocomplete: 'off', spellcheck: 'false', value: query.event });
  const form = filterForm('deliveries', { Endpoint: endpoint, State: status, 'Event id': event });
  const fill = (endpoints) => {
    const others = endpoints.filter(({ id }) => id !== query.endpoint);
    const chosen = endpoints.find(({ id }) => id === query.endpoint);
    if (chosen !== undefined) endpoint.lastChild.textContent = chosen.url;
    endpoint.append(...others.map(({ id, url }) => option(id, url)));
  };
  return { form, fill };
}

function summaryOf(delivery) {
  const [kind, text] = STATES[delivery.status]?.(delivery) ?? ['none', delivery.status];
  return [
    element('span', { class: 'type' }, delivery.event_type),
    element('span', { class: 'about' }, delivery.url),
    element('span', { class: `outcome ${kind}` }, text),
    moment(delivery.created_at),
  ];
}

function factsOf({ id, event, url, next_attempt_at: next }) {
  return facts({
    To: code(url), Event: code(event ?? '–'), Delivery: code(id), ...(next ? { 'Next attempt': moment(next) } : {}),
  });
}

function attemptsOf(attempts) {
  if (attempts.length === 0) return [element('p', { class: 'quiet' }, 'No attempt.')];
  return [element('ol', { 'aria-label': 'Attempts' }, ...attempts.map(attemptOf))];
}

function attemptOf({ at, arrived, answer, latency_ms: latency, body }, index) {
  return element('li', {},
    element('span', { class: 'quiet' }, `${index + 1}.`),
    moment(at),
    element('span', { class: `answer ${arrived ? 'good' : 'bad'}` }, String(answer)),
    element('span', { class: 'quiet' }, latency === undefined || latency === null ? '' : `${latency} ms`),
    body ? element('pre', { tabindex: '0', role: 'group', 'aria-label': `Answer to attempt ${index + 1}` }, body) : undefined);
}
