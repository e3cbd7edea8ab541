// A receiver: CONVOY_ENDPOINT_SECRET=… PORT=9000 node examples/receiver.mjs
// Node.js 20 or later, without packages.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const CHANGES = new Set(['created', 'updated', 'deleted']); // the last word of `event`
const KNOWN = new Set([...CHANGES, 'retrieved', 'failure', 'ping']);
const MAX_BYTES = 1 << 20;

/** Whether Convoy signed exactly these bytes, at most 300 seconds from `now` (in seconds). */
export function verified(secret, body, header, now) {
  const found = /^t=([0-9]{1,11})((?:,v[0-9]+=[0-9a-f]{64})+)$/.exec(header);
  if (!secret || !found || Math.abs(now - Number(found[1])) > 300) return false;
  const expected = createHmac('sha256', secret).update(`${found[1]},`).update(body).digest();
  const signatures = found[2].split(',').slice(1).map((each) => each.split('=')[1]);
  return signatures.some((each) => timingSafeEqual(Buffer.from(each, 'hex'), expected));
}

/** In memory, for one process. Use a table instead, in one transaction with your own writes. */
export class Received {
  versions = new Map();
  last = Promise.resolve();

  /**
   * Calls `work` with an event unless it came before, or is a change older than the newest one.
   * One at a time. Recorded after the work: with an error of it, Convoy's next attempt is still news.
   */
  take(event, work) {
    const done = this.last.then(async () => {
      const [key, version] = keyAndVersion(event);
      if (version <= (this.versions.get(key) ?? 0)) return;
      await work(event);
      this.versions.set(key, version);
    });
    this.last = done.catch(() => {}); // `done` reports the error
    return done;
  }
}

function keyAndVersion(event) {
  const [kind, action] = split(event.event);
  if (!CHANGES.has(action)) return [`/${event.id}`, 1];
  const { id, version } = event[kind];
  if (!Number.isSafeInteger(version)) throw new TypeError(`${event.event} has no version`);
  return [`${kind}/${id}`, version];
}

/** `todo.created` is `todo` and `created`; `ping` is `` and `ping`. */
function split(name) {
  const dot = name.lastIndexOf('.');
  return [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
}

/** A server that awaits `work` of each new event. With an error of `work`, Convoy tries again. */
export function receiver(secrets, work) {
  const received = new Received();
  const server = createServer(async (request, response) => {
    let status = 500;
    try {
      status = await answer(request, secrets, received, work);
    } catch (error) {
      console.error(error);
    }
    response.writeHead(status).end();
  });
  server.requestTimeout = 10_000;
  return server;
}

async function answer(request, secrets, received, work) {
  if (request.url.split('?')[0] !== '/webhooks') return 404;
  if (request.method === 'HEAD') return 204; // Convoy asks so before it takes the URL
  if (request.method !== 'POST') return 405;
  const chunks = []; // the bytes as they came: parsed and rewritten JSON differs
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BYTES) return 413;
  const body = Buffer.concat(chunks);
  const header = request.headers['x-convoy-signature'] ?? '';
  if (!secrets.some((secret) => verified(secret, body, header, Date.now() / 1000))) return 401;
  const event = JSON.parse(body); // ignore unknown events: new types may be added
  const [, action] = split(String(event?.event ?? ''));
  if (KNOWN.has(action)) await received.take(event, work);
  return 204;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // Several secrets, with spaces between them: the new one and the old one, while it is rotated.
  const secrets = (process.env.CONVOY_ENDPOINT_SECRET ?? '').split(/\s+/).filter(Boolean);
  if (secrets.length === 0) {
    console.error('CONVOY_ENDPOINT_SECRET is not set. Set it: anybody can sign without it.');
    process.exit(1);
  }
  const work = (event) => console.log(event.event, event.id); // your work: be fast, or queue it
  receiver(secrets, work).listen(Number(process.env.PORT ?? 9000));
}
