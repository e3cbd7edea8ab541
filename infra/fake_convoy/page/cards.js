// An event's card, which opens to show the payload, the deliveries and their attempts.

import { actionButton, copyButton } from './actions.js';
import { countdown, element, moment, renew, scrolling } from './elements.js';
import { aboutOf, healingOf, isFailure, outcomeOf, outcomesOf, secondsLate } from './texts.js';

function outcome({ kind, text, until, label }) {
  return element('span', { class: `outcome ${kind}` },
    label && element('span', { class: 'label' }, `${label} `), text, until && countdown(until));
}

function summaryOf(event) {
  const late = secondsLate(event);
  return [
    element('span', { class: `type${isFailure(event) ? ' bad' : ''}` }, event.event_type),
    element('span', { class: 'about' }, aboutOf(event)),
    ...outcomesOf(event).map(outcome),
    late > 0 ? element('span', { class: 'late' }, `by the relay, ${late} s later`) : undefined,
    element('span', { class: 'owner quiet' }, event.owner_id),
    moment(event.created_at),
  ];
}

function fact(name, ...value) {
  return [element('dt', {}, name), element('dd', {}, ...value)];
}

function factsOf(event) {
  const late = secondsLate(event);
  const changed = event.data?.occurred_at;
  return element('dl', {},
    ...fact('Event', element('code', {}, event.idempotency_key || '–'), ' ',
      copyButton('event’s id', () => event.idempotency_key)),
    ...fact('Owner', element('code', {}, event.owner_id || '–')),
    ...(typeof changed === 'string' ? fact('Changed', moment(changed)) : []),
    ...fact('Accepted', moment(event.acknowledged_at),
      late > 0 ? element('span', { class: 'late' }, ` ${late} s later, by the relay`) : undefined));
}

function headersOf(headers) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\n');
}

function exchangeOf(attempt) {
  const { answer, request_headers: request, response_headers: response, response_body: body, response_cut: isCut } = attempt;
  const answered = [answer, headersOf(response), '', body].join('\n').trim();
  return element('details', { class: 'exchange' },
    element('summary', {}, 'Request and answer'),
    element('h4', {}, 'Request headers ', copyButton('request headers', () => headersOf(request))),
    scrolling('Request headers', headersOf(request)),
    element('h4', {}, 'Answer ', copyButton('answer', () => answered)),
    scrolling('Answer', answered),
    isCut ? element('p', { class: 'quiet' }, 'The answer’s body is longer.') : undefined);
}

function attemptOf(attempt, index) {
  const { signature, verifies } = attempt;
  return element('li', {},
    element('span', { class: 'quiet' }, `${index + 1}.`),
    moment(attempt.at),
    element('span', { class: `answer ${attempt.arrived ? 'good' : 'bad'}` }, attempt.answer),
    element('span', { class: 'quiet' }, attempt.latency_ms === null ? '' : `${attempt.latency_ms} ms`),
    element('span', { class: 'signature' },
      element('code', {}, signature), ' ',
      element('span', { class: verifies ? 'good' : 'bad' }, verifies ? '✓ verifies' : '✗ does not verify')),
    exchangeOf(attempt));
}

function newDelivery({ endpoint, uid }) {
  const name = endpoint.url.includes(endpoint.name) ? '' : `${endpoint.name}, `;
  return element('section', { class: 'delivery', 'data-uid': uid },
    element('h3', {}, `To ${endpoint.url} `,
      element('span', { class: 'quiet' }, `${name}endpoint …${endpoint.uid.slice(-4)}`)),
    element('div', { class: 'delivery-head' }),
    element('ol', { class: 'attempts', 'aria-label': 'Attempts' }));
}

function fillDelivery(section, delivery, resend) {
  const hasEnded = ['Success', 'Failure', 'Discarded'].includes(delivery.status);
  const healing = healingOf(delivery);
  renew(section.querySelector('.delivery-head'),
    outcome(outcomeOf(delivery)),
    element('span', { class: 'healing quiet' }, healing ?? ''),
    actionButton('Resend', () => resend(delivery.uid), { key: 'resend', isOff: !hasEnded }));
  // An attempt never changes, and its part of the card may be open.
  const list = section.querySelector('ol');
  list.append(...delivery.attempts.map(attemptOf).slice(list.children.length));
}

export function newCard(event) {
  const key = event.idempotency_key || event.uid;
  const payload = JSON.stringify(event.data, null, 2);
  const link = `#event=${encodeURIComponent(key)}`;
  const details = element('details', { class: 'card' },
    element('summary', {}),
    element('div', { class: 'event' },
      factsOf(event),
      element('div', { class: 'tools' },
        copyButton('payload', () => payload, 'Copy payload'),
        copyButton('link', () => new URL(link, location.href).href, 'Copy link'),
        element('a', { href: link }, 'Only this event')),
      scrolling('Payload', payload),
      element('div', { class: 'deliveries' })));
  return element('li', {}, details);
}

// Shows the event's present state. The payload never changes, and somebody may be reading it.
export function fill(card, event, resend) {
  renew(card.querySelector('summary'), ...summaryOf(event));
  const place = card.querySelector('.deliveries');
  for (const delivery of event.deliveries) {
    let section = [...place.children].find(({ dataset }) => dataset.uid === delivery.uid);
    if (section === undefined) {
      section = newDelivery(delivery);
      place.append(section);
    }
    fillDelivery(section, delivery, resend);
  }
}
