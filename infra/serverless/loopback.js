'use strict';

// The local gateway is this machine's alone. serverless-offline lets the pages of every origin read its
// answers, and invoke its functions. This decides as infra/loopback.py does, and lets in the origins
// of the parameter corsOrigins.

const http = require('node:http');
const https = require('node:https');

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/i;
const REQUESTS = new Set(['request', 'checkContinue', 'checkExpectation']);
const ADVICE = 'Use a page of this server, or a program of this machine.';

function refuseForeignPages(origins) {
  for (const { Server } of [http, https]) {
    const { emit } = Server.prototype;
    Server.prototype.emit = function (event, request, response, ...others) {
      const reason = REQUESTS.has(event) ? refusal(request.headers, origins) : null;
      if (reason === null) return emit.call(this, event, request, response, ...others);
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`${reason}\n`);
      return true;
    };
  }
}

function refusal({ host = '', origin, 'sec-fetch-site': site = 'none' }, origins) {
  if (!LOOPBACK.test(host)) return `The Host '${host}' is not this machine. Call localhost or 127.0.0.1.`;
  if (origin !== undefined) {
    const own = [`http://${host.toLowerCase()}`, `https://${host.toLowerCase()}`];
    if ([...own, ...origins].includes(origin)) return null;
    return `A page of the origin '${origin}' may not call this server. ${ADVICE}`;
  }
  if (site === 'none' || site === 'same-origin') return null;
  return `A page of another origin may not call this server. ${ADVICE}`;
}

module.exports = { refusal, refuseForeignPages };
