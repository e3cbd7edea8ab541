'use strict';

// What the framework leaves to us: the zip is built before it is packaged, and a deployment that
// lacks the secret ends before it begins.

const { execFileSync } = require('node:child_process');

module.exports = class {
  constructor(serverless) {
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => build(serverless),
      'before:deploy:deploy': () => lookForSecret(serverless),
    };
  }
};

function build(serverless) {
  const { artifact } = serverless.service.package;
  if (artifact !== serverless.service.custom.zip) return;
  const { architecture } = serverless.service.provider;
  execFileSync(
    process.env.PYTHON ?? '.venv/bin/python',
    ['-m', 'infra.package', '--arch', architecture, '--out', artifact],
    { cwd: serverless.serviceDir, stdio: 'inherit' },
  );
}

async function lookForSecret(serverless) {
  const name = serverless.service.provider.environment.CONVOY_API_KEY_SECRET;
  try {
    await serverless.getProvider('aws').request('SecretsManager', 'describeSecret', { SecretId: name });
  } catch (error) {
    if (error.providerError?.code !== 'ResourceNotFoundException') throw error;
    throw new serverless.classes.Error(
      `There is no secret "${name}" for Convoy's API key. Make it first, in the same region:\n` +
        `aws secretsmanager create-secret --name ${name} --secret-string file://secret.json\n` +
        'where secret.json holds {"CONVOY_API_KEY": "…"}.',
    );
  }
}
