'use strict';

// Which pages may call the API from a browser: those of the origins in the parameter corsOrigins.

const { listOf, refuse } = require('./values');

const HEADERS = ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'];
const EXPOSED = ['ETag', 'Idempotency-Replayed', 'Location', 'Retry-After', 'Webhook-Id', 'Webhook-Status'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const MAX_AGE_S = 7200; // no browser keeps the answer for longer

module.exports = async ({ resolveVariable }) => {
  const origins = listOf(await resolveVariable('param:corsOrigins'));
  const wrong = origins.find((each) => !isOrigin(each));
  if (wrong !== undefined) {
    refuse(
      `corsOrigins: "${wrong}" is not an origin such as https://portal.example.com, without` +
        ' a path. http is only for localhost. Separate several with commas',
    );
  }
  if (origins.length === 0) return false;
  return {
    allowedOrigins: origins,
    allowedHeaders: HEADERS,
    allowedMethods: METHODS,
    exposedResponseHeaders: EXPOSED,
    maxAge: MAX_AGE_S,
  };
};

function isOrigin(text) {
  if (text.includes('*')) return false;
  const { origin, protocol, hostname } = URL.canParse(text) ? new URL(text) : {};
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost'));
}
