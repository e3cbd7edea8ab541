// The endpoints: each with its state and everything that may be done to it.

import { button, cardList, chips, element, facts, hash, moment, renew } from './elements.js';
import * as forms from './endpoint_forms.js';
import { poll } from './polling.js';

const EVERY_S = 15;
const COUNTED = 100; // missed deliveries of all endpoints

const pathOf = ({ id }) => `/webhooks/endpoints/${encodeURIComponent(id)}`;

const STATES = {
  active: ['good', '✓ active'],
  paused: ['busy', '‖ paused: nothing is delivered to it. Resume it, then recover what it missed'],
  inactive: ['bad', '✗ disabled after too many failures: repair it, resume it, then recover what it missed'],
};
const MISSED = { Failure: 'Failed', Discarded: 'Discarded' };

export function showEndpoints({ api, signal, say, complain, report }) {
  const empty = element('p', { class: 'empty', hidden: true },
    'No endpoint yet. An endpoint is an address of yours to which events are sent.');
  const list = cardList('Endpoints', newCard, (card) => fill(card, actionsOf(card)));
  const heading = element('h2', { tabindex: '-1' }, 'Endpoints');

  let missed;
  let counted = false; // once, and after each action: it is a long answer of Convoy's
  const load = async () => {
    const { data } = await api.get('/webhooks/endpoints', {}, signal);
    const show = () => list.show(data.map((each) => ({ ...each, missed: missed?.(each.id) })));
    show();
    empty.hidden = data.length > 0;
    if (counted || data.length === 0) return;
    missed = await missedOf(api, signal);
    counted = true;
    show();
  };
  const reload = poll(load, EVERY_S, signal, report);
  const refresh = () => {
    counted = false;
    reload();
  };

  // Does something, says how it ended, and shows the new state.
  const act = async (call, ...done) => {
    say('');
    try {
      const answer = await call();
      say(element('span', {}, ...done.map((part) => (typeof part === 'function' ? part(answer) : part))));
    } catch (error) {
      complain(error);
    }
    refresh();
  };
  const context = { api, signal, say, complain, refresh, removed: () => heading.focus() };

  function actionsOf(card) {
    const call = (method, rest, body) => api.call(method, pathOf(card.item) + rest, { body });
    const set = (paused, done) => act(() => call('PUT', '', { paused }), done);
    const test = () => act(() => call('POST', '/test'), 'A ping is on its way: ',
      ({ data }) => element('a', { href: hash('deliveries', { event: data.event }) }, 'its delivery'), '.');
    const open = (form) => () => form(context, card.item);
    const active = card.item.status === 'active'; // else Convoy discards what it is asked to send
    return [
      active
        ? button('Pause', () => set(true, 'Paused.'), { key: 'pause' })
        : button('Resume', () => set(false, 'Resumed.'), { key: 'pause' }),
      button('Send a test', test, { key: 'test', disabled: !active }),
      button('Recover …', open(forms.recover), { key: 'recover', disabled: !active }),
      button('Show secret', open(forms.secret), { key: 'secret' }),
      button('Rotate secret …', open(forms.rotate), { key: 'rotate' }),
      button('Edit …', open(forms.edit), { key: 'edit' }),
      button('Delete …', open(forms.remove), { key: 'delete', className: 'danger' }),
      element('a', { href: hash('deliveries', { endpoint: card.item.id }), 'data-key': 'deliveries' }, 'Deliveries'),
    ];
  }

  return element('section', {},
    element('div', { class: 'view-head' }, heading,
      button('New endpoint …', () => forms.create(context), { className: 'primary' })),
    empty, list.node);
}

// What an endpoint missed in the last 30 days, as facts of its card.
async function missedOf(api, signal) {
  const query = { status: Object.keys(MISSED), limit: COUNTED };
  const { data, next } = await api.get('/webhooks/deliveries', query, signal);
  const link = (id, status) => {
    const count = data.filter((each) => each.endpoint === id && each.status === status).length;
    if (count === 0) return [];
    const text = `${count}${next === undefined ? '' : ' or more'} ${count === 1 ? 'delivery' : 'deliveries'}`;
    return [[MISSED[status], element('a', { class: status === 'Failure' && 'bad', href: hash('deliveries', { endpoint: id, status }), 'data-key': status }, text)]];
  };
  return (id) => Object.fromEntries(Object.keys(MISSED).flatMap((status) => link(id, status)));
}

function newCard({ id }) {
  return element('li', { class: 'card' },
    element('article', { 'aria-labelledby': `endpoint-${id}` },
      element('h3', { id: `endpoint-${id}` }),
      element('p', { class: 'outcome' }),
      element('p', { class: 'description' }),
      element('div', { class: 'facts' }),
      element('div', { class: 'actions' })));
}

function fill(card, actions) {
  const endpoint = card.item;
  const [kind, state] = STATES[endpoint.status] ?? ['none', endpoint.status];
  renew(card.querySelector('h3'), endpoint.url);
  const outcome = card.querySelector('.outcome');
  outcome.className = `outcome ${kind}`;
  renew(outcome, state);
  renew(card.querySelector('.description'), endpoint.description ?? '');
  renew(card.querySelector('.facts'), facts({
    Events: endpoint.event_types.includes('*') ? 'all, also types that come later' : chips(endpoint.event_types),
    Created: moment(endpoint.created_at),
    ...endpoint.missed,
  }));
  renew(card.querySelector('.actions'), ...actions);
}
