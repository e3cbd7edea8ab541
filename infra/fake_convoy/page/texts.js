// What the page says about an event, a delivery and a row of the outbox: { kind, text, until, label }. `kind` is good,
// busy, bad or none, for the colour; after the text comes the time that is left until `until`. `label`: the endpoint.

const LATE_S = 5; // a request publishes its event at once, or gives up after 2 s

function of(kind, text, until) {
  return { kind, text, until };
}

export function outcomesOf(event) {
  const { deliveries, states, storable } = event;
  if (!storable) return [of('bad', '✗ lost: Convoy can’t store its text')];
  if (event.is_duplicate_event) return [of('none', 'duplicate: not sent')];
  if (event.status === 'Failure') return [of('none', event.failure_reason)];
  if (deliveries.length === 0 && states.includes('lost')) return [of('bad', '✗ lost from Convoy’s queue')];
  if (deliveries.length === 0) return [of('busy', `… ${event.status.toLowerCase()}`)];
  if (deliveries.length === 1) return [outcomeOf(deliveries[0])];
  const labels = labelsOf(deliveries.map(({ endpoint }) => endpoint));
  return deliveries.map((delivery, index) => ({ ...outcomeOf(delivery), label: labels[index] }));
}

// A delivery that arrived may have been sent again since: `first` is the attempt that arrived first, 0 if none did.
export function outcomeOf({ status, state, attempts, next_send_time: next }) {
  const tries = attempts.length;
  const first = attempts.findIndex(({ arrived }) => arrived) + 1;
  if (status === 'Success') {
    const again = tries - first;
    const late = first > 1 ? ` at attempt ${first}` : '';
    return of('good', `✓ delivered${late}${again > 0 ? `, resent${again > 1 ? ` ${again} times` : ''}` : ''}`);
  }
  if (status === 'Failure' && first > 0) return of('bad', '✗ delivered before; resending failed');
  if (status === 'Failure') return of('bad', `✗ failed after ${tries} attempt${tries === 1 ? '' : 's'}`);
  if (status === 'Discarded') return of('bad', '✗ discarded');
  if (state === 'lost') return of('bad', '✗ lost from Convoy’s queue');
  if (status === 'Retry') return of('busy', `↻ attempt ${tries + 1} in `, next);
  return of('busy', status === 'Scheduled' ? '… scheduled' : '… sending');
}

// How a delivery that has not arrived heals; undefined if it arrived, or is under way.
export function healingOf({ status, state }) {
  if (state === 'lost') return 'No job of Convoy has it any more. The relay finds deliveries that hang for 10 minutes, and has Convoy send them again.';
  if (status === 'Retry') return 'Convoy sends it again by itself, and waits twice as long each time.';
  if (status === 'Failure') return 'Convoy has given up. Resend it here; customers recover it in the portal.';
  if (status === 'Discarded') return 'The endpoint was paused or deleted. Once it is active, resend it here; customers recover it in the portal.';
  return undefined;
}

// A short name for each endpoint, by which it differs from the others.
export function labelsOf(endpoints) {
  const urls = endpoints.map(({ url }) => (URL.canParse(url) ? new URL(url) : null));
  const areOfOneHost = urls.every((url) => url !== null && url.host === urls[0]?.host);
  const short = endpoints.map(({ url }, index) => (
    areOfOneHost ? urls[index].pathname + urls[index].search : url.replace(/^https?:\/\//, '')));
  return short.map((label, index) => {
    const isUnique = short.indexOf(label) === short.lastIndexOf(label);
    return isUnique ? label : `${label} …${endpoints[index].uid.slice(-4)}`;
  });
}

// The id and the text of the event's resource.
export function aboutOf({ data }) {
  for (const [name, value] of Object.entries(data ?? {})) {
    if (value?.id !== undefined) return `#${value.id} ${textOf(value)}`.trim();
    if (name.endsWith('_id')) return `#${value} ${data.description ?? ''}`.trim();
  }
  return '';
}

function textOf(resource) {
  return Object.entries(resource).find(([name, value]) => name !== 'id' && typeof value === 'string')?.[1] ?? '';
}

// Whether the event says that a request failed: its delivery is no success of the request.
export function isFailure({ event_type: type }) {
  return /(^|\.)failed$/.test(type);
}

// Seconds from the change to Convoy's acceptance, if the request did not publish the event itself; else 0.
export function secondsLate({ data, acknowledged_at: published, idempotency_key: key }) {
  if (typeof data?.occurred_at !== 'string' || !key.startsWith(data.id)) return 0;
  const seconds = Math.round((new Date(published) - new Date(data.occurred_at)) / 1000);
  return seconds > LATE_S ? seconds : 0;
}

export function rowOf({ state, in_convoy: inConvoy, reason, attempts }) {
  if (state === 'unreadable') return of('bad', `✗ ${reason}`);
  if (state === 'failed') return of('bad', `✗ parked: ${reason} The command “redrive” lets it wait again.`);
  if (inConvoy === 'handled') return of('good', '✓ Convoy handled it; the relay deletes the row');
  if (inConvoy === 'waiting') return of('busy', '… in Convoy’s queue');
  if (inConvoy === 'lost') return of('bad', '✗ Convoy lost it: the relay publishes it again');
  if (inConvoy === 'stuck') return of('bad', '✗ Convoy lost its job: the relay replays it');
  if (reason !== '') return of('busy', `↻ Convoy did not take it (${count(attempts, 'attempt')}): ${reason}`);
  return of('busy', '… not in Convoy yet: the relay publishes it');
}

export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
