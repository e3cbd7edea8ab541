'use strict';

// Who may call the API. With an issuer and audiences: callers with a JWT of that issuer for one of
// them. Without them: callers that IAM allows. Everybody: only if `anonymous` is true.
// `kind` is the app's SIGN_IN: the app takes no other kind of identity for an owner.

const { listOf, refuse } = require('./values');

const ALL = { method: '*', path: '*' };

// The paths of the customers' function. The other paths are the API's.
const WEBHOOKS = ['/webhooks', '/webhooks/{proxy+}'];

module.exports = async (variables) => {
  const signIn = await signInOf(variables);
  return { ...signIn, webhooks: WEBHOOKS.map((path) => ({ ...signIn.event, path })) };
};

async function signInOf({ resolveVariable }) {
  const names = ['jwtIssuer', 'jwtAudience', 'jwtScopes', 'ownerClaim', 'anonymous', 'convoyAppId'];
  const values = await Promise.all(names.map((name) => resolveVariable(`param:${name}`)));
  const [issuer, audience, scopes, claim, parameter, owner] = values;
  const anonymous = String(parameter); // in YAML it may be a boolean
  if (!['true', 'false'].includes(anonymous)) {
    refuse(`anonymous=${anonymous}: must be true or false`);
  }
  checkToken(issuer, audience, scopes, claim);
  if (anonymous === 'true') {
    if (issuer) refuse('anonymous=true contradicts jwtIssuer: give only one');
    if (!owner) refuse('anonymous=true needs convoyAppId=…, the owner of all resources');
    return { authorizers: {}, event: ALL, kind: 'anonymous' };
  }
  if (!issuer) {
    const event = { ...ALL, authorizer: { type: 'aws_iam' } };
    return { authorizers: {}, event, kind: 'iam' };
  }
  return byToken(issuer, listOf(audience), listOf(scopes));
}

function checkToken(issuer, audience, scopes, claim) {
  if (Boolean(issuer) !== Boolean(audience)) {
    const [given, missing] = issuer ? ['jwtIssuer', 'jwtAudience'] : ['jwtAudience', 'jwtIssuer'];
    refuse(`${given} is given, ${missing} is not: sign-in by JWT needs both`);
  }
  if (issuer && listOf(audience).length === 0) {
    refuse(`jwtAudience="${audience}" names no audience. Separate several with commas`);
  }
  if (claim !== 'sub' && !issuer) {
    refuse(`ownerClaim=${claim} needs jwtIssuer: only a token has claims`);
  }
  if (scopes && !issuer) {
    refuse(`jwtScopes=${scopes} needs jwtIssuer: only a token has scopes`);
  }
}

function byToken(issuer, audience, scopes) {
  const jwt = {
    type: 'jwt',
    identitySource: '$request.header.Authorization',
    issuerUrl: issuer,
    audience,
  };
  // Without scopes the list is there, and empty: a route without the list keeps its earlier scopes.
  const event = { ...ALL, authorizer: { name: 'jwt', scopes } };
  return { authorizers: { jwt }, event, kind: 'jwt' };
}
