'use strict';

// What the framework does not do: read what the stage is made of, keep the routes free for
// preflights, name each route's authorization, build the zip, put an alias before each version, look
// before a deployment changes anything and at what it changes, record the versions before, give the local gateway local settings.

const { spawnSync } = require('node:child_process');

const aliases = require('./aliases');
const { problemOfName } = require('./look/secret');
const { refuseForeignPages } = require('./loopback');
const separateMethods = require('./preflights');
const nameAuthorization = require('./routes');
const { commandLine, problemOfNeeded, readStage } = require('./stage');

module.exports = class {
  constructor(serverless, _options, { log }) {
    readStage(serverless);
    this.hooks = {
      'before:package:cleanup': () => checkParameters(serverless),
      'before:package:initialize': () => separateMethods(serverless.service),
      'before:package:createDeploymentArtifacts': () => build(serverless),
      'after:aws:package:finalize:mergeCustomProviderResources': () =>
        nameAuthorization(serverless.service.provider.compiledCloudFormationTemplate),
      'before:package:compileFunctions': () => aliases.name(serverless),
      'after:package:compileFunctions': () => aliases.add(serverless),
      // Only a deployment needs AWS's clients, which take time to load.
      'before:deploy:deploy': async () => {
        await require('./look')(serverless, log);
        await checkChanges(serverless, log);
        await onVersions(serverless, async (versions, lambda, functions) => {
          this.before = await versions.serving(lambda, functions);
        });
        declareParameters(serverless.service.provider);
      },
      // Only after a success, and before the framework deletes old versions.
      'after:aws:deploy:deploy:updateStack': () => recordVersions(serverless, this.before, log),
      'after:deploy:deploy': () =>
        onStack(serverless, (deployed, client, stack) =>
          deployed.protect(client, stack, serverless.service.custom),
        ),
      'before:rollback:initialize': () => refuseRollback(serverless),
      'before:rollback:function:rollback': () => refuseRollback(serverless),
      'before:offline:start': () => prepareLocalGateway(serverless), // osls offline
      'before:offline:start:init': () => prepareLocalGateway(serverless), // osls offline start
    };
  }
};

function checkParameters(serverless) {
  const { custom, provider } = serverless.service;
  const problem =
    problemOfNeeded(provider.stage, custom.needed, { inNetwork: Boolean(custom.company.vpc) }) ??
    problemOfName(provider.environment.CONVOY_API_KEY_SECRET);
  if (problem) throw new serverless.classes.Error(problem);
}

// It deploys an earlier template, and nothing compares that with the stage.
function refuseRollback({ classes, service }) {
  throw new classes.Error(
    'osls rollback would change the stage without a comparison. Nothing was changed. Go back with `make rollback' +
      ` STAGE=${service.provider.stage}\`, or deploy older sources (docs/releases.md).`,
  );
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

function checkChanges(serverless, log) {
  const { accept = '', ...given } = commandLine(serverless);
  const pairs = Object.entries(given).map((each) => each.join('='));
  if (pairs.length > 0) log.notice(`For this deployment alone, by --param: ${pairs.join(', ')}`);
  const options = { accept, print: (lines) => log.notice(lines) };
  return onStack(serverless, (deployed, client, stack) =>
    deployed.check(client, stack, serverless.service.provider, options),
  );
}

// The framework gives the stack's parameters with the template of its bucket too, which is the first to
// be deployed. CloudFormation refuses parameters that a template does not declare.
function declareParameters({ coreCloudFormationTemplate, compiledCloudFormationTemplate }) {
  coreCloudFormationTemplate.Parameters = compiledCloudFormationTemplate.Parameters;
}

/** Call `task` with CloudFormation's client and the stack's name. Its errors need no stack trace. */
async function onStack(serverless, task) {
  const provider = serverless.getProvider('aws');
  const client = await provider.getCloudFormationClient();
  try {
    await task(require('./deployed'), client, provider.naming.getStackName());
  } catch (error) {
    throw new serverless.classes.Error(error.message);
  }
}

function recordVersions(serverless, before, log) {
  return onVersions(serverless, async (versions, lambda, functions) => {
    const warnings = await versions.record(lambda, functions, before);
    warnings.forEach((each) => log.warning(each));
  });
}

/** Call `task` with Lambda's client and the functions that have versions. */
async function onVersions(serverless, task) {
  const { LambdaClient } = require('@aws-sdk/client-lambda');
  const versions = require('./versions');
  const lambda = new LambdaClient(await serverless.getProvider('aws').getAwsSdkV3Config());
  try {
    await task(
      versions,
      lambda,
      versions.functionsOf(serverless.service.provider.compiledCloudFormationTemplate),
    );
  } catch (error) {
    throw new serverless.classes.Error(error.message);
  } finally {
    lambda.destroy();
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
