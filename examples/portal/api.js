// Calls of the API. Each call has a deadline, and each failure is a sentence for the person.

const DEADLINE_S = 35; // the gateway answers within 30 s

const REASONS = {
  401: 'The API did not accept the token. It may have expired: sign in with a new one.',
  403: 'The API does not allow this call with this token.',
  429: 'The API gets too many requests.',
};

export class Failure extends Error {
  // `fields` are the problem's `errors`. `retryAfterS` is undefined if the API gave no time.
  constructor(message, { status, fields = [], retryAfterS, cause } = {}) {
    super(message, { cause });
    Object.assign(this, { status, fields, retryAfterS });
  }

  get sentence() {
    return this.retryAfterS === undefined ? this.message : `${this.message} Try again in ${this.retryAfterS} s.`;
  }

  get isConnectionLost() {
    return this.status === undefined;
  }

  // Whether the same call would fail again: the call itself is wrong.
  get isFinal() {
    return this.status >= 400 && this.status < 500 && this.status !== 429;
  }

  get isSignedOut() {
    return this.status === 401;
  }
}

// The address as the API's root. Throws a Failure if a token must not be sent there.
export function rootOf(address) {
  const url = URL.parse(address);
  if (url === null) throw new Failure(`“${address}” is not an address. It looks like https://api.example.com.`);
  const loopback = ['localhost', '127.0.0.1'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new Failure('The address must begin with https://, or be of this machine: anybody could read the token.');
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new Failure('The address must have no user, no “?” and no “#”.');
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

export class Api {
  #token;
  #document;

  constructor(address, token) {
    this.root = rootOf(address);
    this.#token = token;
  }

  get(path, query, signal) {
    return this.call('GET', path, { query, signal });
  }

  // The API's OpenAPI document: it names the types of events.
  async document(signal) {
    this.#document ??= await this.get('/openapi.json', {}, signal);
    return this.#document;
  }

  // Returns the answer's JSON, or undefined for an empty one. Throws a Failure, or the signal's AbortError.
  async call(method, path, { query = {}, body, signal } = {}) {
    const answer = await this.#answer(method, this.root + path + searchOf(query), body, signal);
    const json = await jsonOf(answer, signal, method);
    if (!answer.ok) throw failureOf(answer, json);
    if (json === undefined && answer.status !== 204) throw new Failure('The API’s answer is not JSON.', answer);
    return json;
  }

  async #answer(method, url, body, signal) {
    const headers = {};
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const deadline = AbortSignal.timeout(DEADLINE_S * 1000);
    try {
      return await fetch(url, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
      });
    } catch (error) {
      throw lost(error, signal, method);
    }
  }
}

function lost(cause, signal, method) {
  if (signal?.aborted) return cause;
  const unknown = method === 'GET' ? '' : ' The change may or may not have been made.';
  return new Failure(`The API did not answer.${unknown} Check the network and the address. The API must`
    + ` allow the origin of this page, ${location.origin}, and the page's policy in index.html that of the API.`, { cause });
}

function searchOf(query) {
  const given = Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, each]))
    .filter(([, value]) => value !== undefined && value !== '');
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}

async function jsonOf(answer, signal, method) {
  let text;
  try {
    text = await answer.text();
  } catch (error) {
    throw lost(error, signal, method);
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller knows whether JSON had to come
  }
}

// A problem has `detail` and `errors`; the gateway's own answer has `message`.
function failureOf({ status, headers }, json) {
  const retryAfterS = secondsOf(headers.get('retry-after'));
  const fields = Array.isArray(json?.errors) ? json.errors : [];
  const reason = json?.detail ?? REASONS[status] ?? `The API answered ${status}${json?.message ? `: ${json.message}` : ''}.`;
  return new Failure(reason, { status, fields, retryAfterS });
}

// `Retry-After` has seconds or a date.
function secondsOf(header) {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (new Date(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}
