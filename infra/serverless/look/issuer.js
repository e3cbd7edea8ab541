'use strict';

// The issuer of the JWTs has what API Gateway asks it for: a discovery document under its very
// name, and RSA keys. API Gateway refuses the authorizer without the document, and every token
// without the keys.

const { EnvHttpProxyAgent, fetch } = require('undici');

const { Denied, NotSeen, Refusal } = require('./outcomes');

const DEADLINE_MS = 10_000;
const DISCOVERY = '/.well-known/openid-configuration';

async function look(ask, { issuer, stack }, deadlineMs = DEADLINE_MS) {
  if (!issuer) return;
  try {
    await check(issuer, deadlineMs);
  } catch (error) {
    if (!(error instanceof Refusal) || !(await isDeployed(ask, stack, issuer))) throw error;
    throw new NotSeen(
      `${error.message} The stack has this issuer already, so the deployment goes on.`,
    );
  }
}

async function check(issuer, deadlineMs) {
  if (!isHttps(issuer) || /[?#]/.test(issuer)) {
    throw new Refusal(`jwtIssuer=${issuer} must be an https URL without "?" or "#".`);
  }
  const described = await read(issuer.replace(/\/$/, '') + DISCOVERY, deadlineMs);
  if (described.issuer !== issuer) {
    throw new Refusal(
      `jwtIssuer=${issuer}: the issuer calls itself ${JSON.stringify(described.issuer)}.` +
        ' Give that name, to the letter: its tokens have it as "iss".',
    );
  }
  if (!isHttps(described.jwks_uri)) {
    throw new Refusal(
      `${issuer}: its "jwks_uri" is not an https URL. API Gateway can't read its keys.`,
    );
  }
  const { keys } = await read(described.jwks_uri, deadlineMs);
  if (!Array.isArray(keys) || !keys.some(signsForApiGateway)) {
    throw new Refusal(
      `${described.jwks_uri} has no RSA key with a "kid" for signatures. API Gateway checks RSA` +
        ' signatures only: let the issuer sign with RS256.',
    );
  }
}

function signsForApiGateway(key) {
  const { alg = 'RS256', kid, kty, use = 'sig' } = key ?? {};
  return kty === 'RSA' && Boolean(kid) && use === 'sig' && /^RS\d+$/.test(alg);
}

async function read(url, deadlineMs) {
  const dispatcher = new EnvHttpProxyAgent();
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const response = await fetch(url, { dispatcher, signal });
    if (response.status !== 200) {
      throw new Refusal(`${url} answers ${response.status}, not 200. Check the issuer.`);
    }
    const found = await response.json();
    if (found === null || typeof found !== 'object') throw new SyntaxError();
    return found;
  } catch (error) {
    throw explain(error, url, signal.aborted, deadlineMs);
  } finally {
    await dispatcher.destroy();
  }
}

function explain(error, url, isLate, deadlineMs) {
  if (error instanceof Refusal) return error;
  if (isLate) return new Refusal(`${url} did not answer within ${deadlineMs / 1000} s. Try again.`);
  if (error instanceof SyntaxError) {
    return new Refusal(`${url} has no JSON object. Check the issuer.`);
  }
  const reason = error.cause?.code ?? error.cause?.message ?? error.message;
  return new Refusal(
    `${url} can't be read (${reason}). API Gateway reads it from the Internet, and refuses an` +
      " issuer that it can't read. Behind a proxy set HTTPS_PROXY.",
  );
}

/** Whether the stack's authorizer is of this issuer. API Gateway has then accepted the issuer. */
async function isDeployed(ask, stack, issuer) {
  try {
    const { TemplateBody } = await ask('cloudformation:GetTemplate', { StackName: stack });
    return Object.values(JSON.parse(TemplateBody).Resources).some(
      ({ Properties }) => Properties?.JwtConfiguration?.Issuer === issuer,
    );
  } catch (error) {
    // CloudFormation answers ValidationError if there is no such stack.
    if (error instanceof Denied || error.name === 'ValidationError') return false;
    throw error;
  }
}

function isHttps(text) {
  return URL.canParse(text) && new URL(text).protocol === 'https:';
}

module.exports = { look };
