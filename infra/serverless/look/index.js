'use strict';

// Looks before a deployment changes anything: at what makes a first deployment fail halfway, with a
// stack to clean up. Every look is made, so that one deployment shows all that is wrong.

const asking = require('./ask');
const boundary = require('./boundary');
const concurrency = require('./concurrency');
const issuer = require('./issuer');
const key = require('./key');
const { NotSeen, Refusal } = require('./outcomes');
const secret = require('./secret');

const LOOKS = [secret, key, boundary, concurrency, issuer];

module.exports = async (serverless, log) => {
  const provider = serverless.getProvider('aws');
  const { credentials } = await provider.getAwsSdkV3Config();
  await credentials(); // may ask for a code: before any deadline
  const ask = asking(() => provider.getAwsSdkV3Config());
  const seen = subject(serverless.service, provider.naming.getStackName());
  const looks = await Promise.allSettled(LOOKS.map(({ look }) => look(ask, seen)));
  const findings = looks.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  for (const each of findings) if (each instanceof NotSeen) log.warning(each.message);
  const refusals = findings.filter((each) => !(each instanceof NotSeen)).map(messageOf);
  if (refusals.length > 0) {
    throw new serverless.classes.Error([...refusals, 'Nothing was changed.'].join('\n\n'));
  }
};

function messageOf(error) {
  if (error instanceof Refusal) return error.message;
  if (!error.$fault) throw error; // a fault of a look, and not of AWS
  return `AWS answered a look with an error, ${error.name}: ${error.message}. Try again.`;
}

/** What the looks read of the deployment. */
function subject({ functions, provider }, stack) {
  const given = (name) =>
    provider.stackParameters.find(({ ParameterKey }) => ParameterKey === name)?.ParameterValue;
  return {
    boundary: given('PermissionsBoundary'),
    functions: Object.values(functions).map(({ name, reservedConcurrency }) => ({
      name,
      reserved: reservedConcurrency ?? 0,
    })),
    issuer: provider.httpApi.authorizers.jwt?.issuerUrl,
    key: given('KmsKeyArn'),
    secret: provider.environment.CONVOY_API_KEY_SECRET,
    stack,
  };
}
