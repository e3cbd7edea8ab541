'use strict';

// What the framework leaves to us: parameters that have to be given are asked for, the zip is built,
// a deployment that lacks the secret ends before it begins, a local gateway has local settings.

const { spawnSync } = require('node:child_process');

const { DescribeSecretCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager');

module.exports = class {
  constructor(serverless) {
    this.hooks = {
      'before:package:cleanup': () => askForParameters(serverless),
      'before:package:createDeploymentArtifacts': () => build(serverless),
      'before:deploy:deploy': () => lookForSecret(serverless),
      'before:offline:start': () => takeLocalSettings(serverless),
    };
  }
};

function askForParameters(serverless) {
  const missing = Object.entries(serverless.service.custom.needed)
    .filter(([, value]) => value === '')
    .map(([name]) => `--param ${name}=…`);
  if (missing.length > 0) {
    throw new serverless.classes.Error(
      `Missing: ${missing.join(', ')}. Give it here, or below params in serverless.yml.`,
    );
  }
}

function build(serverless) {
  const { artifact } = serverless.service.package;
  if (artifact !== serverless.service.custom.zip) return;
  const { architecture, runtime } = serverless.service.provider;
  const version = runtime.replace('python', '');
  const { error, status } = spawnSync(
    'make',
    ['package', `ARGS=--arch ${architecture} --python ${version} --out ${artifact}`],
    { cwd: serverless.serviceDir, stdio: 'inherit' },
  );
  if (error || status !== 0) {
    const what = error ? `did not start (${error.code})` : `ended with ${status}`;
    throw new serverless.classes.Error(`The zip was not built: make package ${what}.`);
  }
}

async function lookForSecret(serverless) {
  const name = serverless.service.provider.environment.CONVOY_API_KEY_SECRET;
  const client = new SecretsManagerClient(await serverless.getProvider('aws').getAwsSdkV3Config());
  try {
    await client.send(new DescribeSecretCommand({ SecretId: name }));
  } catch (error) {
    if (error.name !== 'ResourceNotFoundException') throw error;
    throw new serverless.classes.Error(
      `There is no secret "${name}" for Convoy's API key. Make it first, in the same region:\n` +
        `aws secretsmanager create-secret --name ${name} --secret-string file://secret.json\n` +
        'where secret.json holds {"CONVOY_API_KEY": "…"}.',
    );
  } finally {
    client.destroy();
  }
}

// The gateway on this machine runs the sources, and knows no CloudFormation: it takes what is in the
// environment, where the API key is one's own and not in a secret.
function takeLocalSettings(serverless) {
  delete serverless.service.package.artifact;
  const { environment } = serverless.service.provider;
  const { CONVOY_API_KEY } = process.env;
  if (CONVOY_API_KEY) Object.assign(environment, { CONVOY_API_KEY, CONVOY_API_KEY_SECRET: '' });
  for (const name of Object.keys(environment)) {
    if (process.env[name] !== undefined) environment[name] = process.env[name];
  }
}
