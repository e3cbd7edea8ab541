'use strict';

// What the framework does not do: check for required parameters, keep the routes free for
// preflights, name each route's authorization, build the zip, look before a deployment changes
// anything, give the local gateway local settings.

const { spawnSync } = require('node:child_process');

const { problemOfName } = require('./look/secret');
const { refuseForeignPages } = require('./loopback');
const separateMethods = require('./preflights');
const nameAuthorization = require('./routes');

module.exports = class {
  constructor(serverless, _options, { log }) {
    this.hooks = {
      'before:package:cleanup': () => checkParameters(serverless),
      'before:package:initialize': () => separateMethods(serverless.service),
      'before:package:createDeploymentArtifacts': () => build(serverless),
      'after:aws:package:finalize:mergeCustomProviderResources': () =>
        nameAuthorization(serverless.service.provider.compiledCloudFormationTemplate),
      // Only a deployment needs AWS's clients, which take time to load.
      'before:deploy:deploy': () => require('./look')(serverless, log),
      'before:offline:start': () => prepareLocalGateway(serverless), // osls offline
      'before:offline:start:init': () => prepareLocalGateway(serverless), // osls offline start
    };
  }
};

function checkParameters(serverless) {
  const missing = Object.entries(serverless.service.custom.needed)
    .filter(([, value]) => value === '')
    .map(([name]) => `--param ${name}=…`);
  if (missing.length > 0) {
    throw new serverless.classes.Error(
      `Missing: ${missing.join(', ')}. Give it here, or set it under params in serverless.yml.`,
    );
  }
  const problem = problemOfName(serverless.service.provider.environment.CONVOY_API_KEY_SECRET);
  if (problem) throw new serverless.classes.Error(problem);
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

function prepareLocalGateway(serverless) {
  refuseForeignPages(serverless.service.provider.httpApi.cors?.allowedOrigins ?? []);
  separateMethods(serverless.service); // a preflight is answered as on AWS
  takeLocalSettings(serverless);
}

// The local gateway runs the sources, and resolves no CloudFormation: the settings come from the
// environment, and the API key too.
function takeLocalSettings(serverless) {
  delete serverless.service.package.artifact;
  const { environment } = serverless.service.provider;
  const { CONVOY_API_KEY } = process.env;
  if (CONVOY_API_KEY) Object.assign(environment, { CONVOY_API_KEY, CONVOY_API_KEY_SECRET: '' });
  for (const name of Object.keys(environment)) {
    if (process.env[name] !== undefined) environment[name] = process.env[name];
  }
}
