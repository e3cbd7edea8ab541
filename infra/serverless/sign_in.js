'use strict';

// Who may call the API: who shows a JWT of the issuer for the audience; where neither is given, whom
// IAM lets; anybody only where `anonymous` says so.

const ALL = { method: '*', path: '*' };

module.exports = async ({ resolveVariable }) => {
  const [issuer, audience, told, owner] = await Promise.all(
    ['jwtIssuer', 'jwtAudience', 'anonymous', 'convoyAppId'].map((name) =>
      resolveVariable(`param:${name}`),
    ),
  );
  const anonymous = String(told); // in YAML it may be a boolean
  if (!['true', 'false'].includes(anonymous)) {
    refuse(`--param anonymous=${anonymous}: must be true or false`);
  }
  if (Boolean(issuer) !== Boolean(audience)) {
    const [given, missing] = issuer ? ['jwtIssuer', 'jwtAudience'] : ['jwtAudience', 'jwtIssuer'];
    refuse(`--param ${given} is given, --param ${missing} is not: sign-in by JWT needs both`);
  }
  if (anonymous === 'true') {
    if (issuer) refuse('--param anonymous=true and --param jwtIssuer: choose one');
    if (!owner) refuse('--param anonymous=true needs --param convoyAppId=…, the owner of all');
    return { authorizers: {}, event: ALL, allowAnonymous: 'true' };
  }
  if (!issuer) {
    const event = { ...ALL, authorizer: { type: 'aws_iam' } };
    return { authorizers: {}, event, allowAnonymous: 'false' };
  }
  const jwt = {
    type: 'jwt',
    identitySource: '$request.header.Authorization',
    issuerUrl: issuer,
    audience: [audience],
  };
  const event = { ...ALL, authorizer: { name: 'jwt' } };
  return { authorizers: { jwt }, event, allowAnonymous: 'false' };
};

function refuse(message) {
  const error = new Error(message);
  error.stack = message; // the framework prints the stack
  throw error;
}
