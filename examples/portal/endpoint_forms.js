// The forms of an endpoint: make, edit, rotate its secret, recover, delete.

import { ask, field, showSecret } from './dialogs.js';
import { element } from './elements.js';

const RECOVER_H = 24; // what the form proposes
const OVERLAP_H = 24;

const pathOf = ({ id }) => `/webhooks/endpoints/${encodeURIComponent(id)}`;

export async function create(context) {
  const types = await typesOf(context);
  if (types === undefined) return;
  ask('New endpoint', fieldsOf({ types }), 'Create', async (form, { signal }) => {
    const body = bodyOf(form);
    const { secret } = await context.api.call('POST', '/webhooks/endpoints', { body, signal });
    context.refresh();
    return () => showSecret(secret, 'Your receiver verifies each webhook with this secret. Keep it as you keep a password.');
  });
}

export async function edit(context, endpoint) {
  const types = await typesOf(context);
  if (types === undefined) return;
  ask('Edit the endpoint', fieldsOf({ types, endpoint }), 'Save', async (form, { signal }) => {
    await context.api.call('PUT', pathOf(endpoint), { body: bodyOf(form), signal });
    context.say('Saved.');
    context.refresh();
  });
}

export async function secret(context, endpoint) {
  context.say('');
  try {
    const { data } = await context.api.get(`${pathOf(endpoint)}/secret`, {}, context.signal);
    showSecret(data.secret, `The secret of ${endpoint.url}`);
  } catch (error) {
    context.complain(error);
  }
}

export function rotate(context, endpoint) {
  const hours = element('input', { name: 'overlap_h', type: 'number', min: 0, max: 168, step: 1, required: true, value: OVERLAP_H });
  const hint = 'For that long each webhook has two signatures, one by each secret. Put the new one into your receiver'
    + ' meanwhile. 0: the old one ends at once.';
  ask('Rotate the secret', [field('Hours that the old secret still signs', hours, hint)], 'Rotate', async (form, { signal }) => {
    const body = { overlap_h: hours.valueAsNumber };
    const { data } = await context.api.call('POST', `${pathOf(endpoint)}/rotate`, { body, signal });
    context.refresh();
    return () => showSecret(data.secret, `The new secret of ${endpoint.url}`);
  });
}

export function recover(context, endpoint) {
  const proposed = new Date(Date.now() - RECOVER_H * 3600_000);
  const since = element('input', { name: 'since', type: 'datetime-local', required: true, value: localTime(proposed) });
  const text = element('p', {}, `Sends again what failed or was discarded, to ${endpoint.url}. It leaves out what was answered with a 2xx.`);
  const content = [text, field('Since', since, 'By the clock of this machine.')];
  ask('Recover', content, 'Send again', async (form, { signal, progress }) => {
    const body = { since: new Date(since.value).toISOString() };
    let [resent, more] = [0, true];
    while (more) {
      progress(`${deliveries(resent)} sent again so far …`);
      const { data } = await context.api.call('POST', `${pathOf(endpoint)}/recover`, { body, signal });
      resent += data.resent;
      more = data.more;
    }
    context.say(`${deliveries(resent)} sent again.`);
    context.refresh();
  });
}

export function remove(context, endpoint) {
  const content = [
    element('p', {}, endpoint.url),
    element('p', {}, 'No further event is sent to it, and its secret is gone. That can’t be undone.'),
  ];
  ask('Delete this endpoint?', content, 'Delete', async (form, { signal }) => {
    await context.api.call('DELETE', pathOf(endpoint), { signal });
    context.say('Deleted.');
    context.refresh();
    return context.removed;
  }, { className: 'danger' });
}

// Undefined after a complaint.
async function typesOf({ api, signal, say, complain }) {
  say('');
  try {
    return Object.keys((await api.document(signal)).webhooks);
  } catch (error) {
    complain(error);
    return undefined;
  }
}

function fieldsOf({ types, endpoint }) {
  const url = element('input', {
    name: 'url', type: 'url', required: true, spellcheck: 'false', autocomplete: 'off',
    placeholder: 'https://example.com/webhooks', value: endpoint?.url,
  });
  const description = element('input', { name: 'description', autocomplete: 'off', value: endpoint?.description });
  return [field('Address', url), field('Description', description), choiceOf(types, endpoint)];
}

// Which events an endpoint gets: what the API chooses (of a new one only), everything, or some types.
function choiceOf(types, endpoint) {
  const chosen = new Set(endpoint?.event_types);
  const mode = endpoint === undefined ? 'default' : chosen.has('*') ? 'all' : 'some';
  const radio = (value, text) => element('label', { class: 'choice' },
    element('input', { type: 'radio', name: 'events', value, checked: value === mode }), text);
  const known = [...new Set([...types, ...chosen])].filter((type) => type !== '*');
  const boxes = element('div', { class: 'types' }, ...known.map((type) => element('label', { class: 'choice' },
    element('input', { type: 'checkbox', name: 'type', value: type, checked: chosen.has(type) }), element('code', {}, type))));
  const choice = element('fieldset', { class: 'field', name: 'event_types', id: 'event_types', 'aria-describedby': 'event_types-fault' }, element('legend', {}, 'Events'),
    endpoint === undefined ? radio('default', 'All changes and failures, without reads') : undefined,
    radio('all', 'Everything, also types that come later'),
    radio('some', 'Only these types:'), boxes,
    element('p', { class: 'fault', id: 'event_types-fault' }));
  const show = () => { boxes.hidden = choice.querySelector(':checked[name=events]').value !== 'some'; };
  choice.addEventListener('change', show);
  show();
  return choice;
}

function bodyOf(form) {
  const data = new FormData(form);
  const types = { default: undefined, all: ['*'], some: data.getAll('type') }[data.get('events')];
  return { url: data.get('url').trim(), description: data.get('description').trim(), event_types: types };
}

function deliveries(count) {
  return count === 1 ? '1 delivery' : `${count} deliveries`;
}

// As an input of the type datetime-local has it.
function localTime(date) {
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
