'use strict';

// What a stage is made of: infra/stages/STAGE.yml, over the defaults in serverless.yml. The file is
// committed, so that a deployment does not depend on what somebody remembers to type.

const { existsSync } = require('node:fs');
const path = require('node:path');

const { problemOfForm } = require('./forms');

// The names of the stage's resources begin with the stage's. With a hyphen, the policies for a stage
// "prod" (infra/company) would hold for "prod-eu" too.
const STAGE = /^[A-Za-z0-9]{1,12}$/;

// A vault's name has at most 50 characters: the stack's name and two parts of 9 (infra/backup.yml).
const STACK_NAME = 32;

/** Put the file's values below `params`, before the framework reads them there. */
function readStage(serverless) {
  const { params, provider } = serverless.configurationInput;
  if (!STAGE.test(provider.stage)) {
    refuse(
      serverless,
      `The stage's name "${provider.stage}" must have 1 to 12 letters and digits, and no hyphen. Choose another.`,
    );
  }
  const file = `infra/stages/${provider.stage}.yml`;
  const absolute = path.join(serverless.serviceDir, file);
  if (!existsSync(absolute)) {
    refuse(
      serverless,
      `The stage "${provider.stage}" has no ${file}, which says what it is made of. Copy` +
        ' infra/stages/prod.yml, or dev.yml for a stage whose data may be lost, and set its values.',
    );
  }
  const values = serverless.utils.readFileSync(absolute) ?? {};
  checkNames(serverless, Object.keys(values), file);
  checkVault(serverless, values);
  if ('accept' in values) {
    refuse(serverless, `${file}: accept holds for one deployment: give it as --param accept=….`);
  }
  for (const [name, value] of Object.entries(commandLine(serverless))) {
    checkNames(serverless, [name], '--param');
    checkForm(serverless, name, value, '--param');
  }
  params[provider.stage] = Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, text(serverless, name, value, file)]),
  );
}

/** The parameters of the command line: they hold for one deployment. */
function commandLine(serverless) {
  const given = serverless.processedInput.options.param ?? [];
  return Object.fromEntries(given.map((each) => [each.split('=', 1)[0], each.slice(each.indexOf('=') + 1)]));
}

/**
 * What is wrong with the parameters that each stage needs; undefined if nothing is. `inNetwork`: the
 * functions are in a VPC. There Convoy may do without https: elsewhere its API key would be readable.
 */
function problemOfNeeded(stage, needed, { inNetwork } = {}) {
  const missing = Object.keys(needed).filter((name) => needed[name] === '');
  if (missing.length > 0) {
    return (
      `infra/stages/${stage}.yml does not set ${missing.join(', ')}. Set it there, or give it as` +
      ' --param name=… for one deployment.'
    );
  }
  const url = needed.convoyBaseUrl;
  if (/^\w+:\/\/[^/?#]*@/.test(url)) {
    return 'convoyBaseUrl has a user name or a password: leave it out. The API key signs in.';
  }
  if (!/^https?:\/\/[^?#]+\/api\/?$/.test(url)) {
    return `convoyBaseUrl is "${url}": it must be the root of Convoy's API, such as https://convoy.example.com/api.`;
  }
  if (inNetwork || url.startsWith('https:')) return undefined;
  return (
    `convoyBaseUrl is "${url}": the API key would travel in clear. Use https. Without it, the stage needs` +
    ' subnetIds: a Convoy in your own network.'
  );
}

function checkVault(serverless, values) {
  const { service, provider } = serverless.configurationInput;
  const stack = `${service}-${provider.stage}`;
  if (!(commandLine(serverless).backupDays ?? values.backupDays) || stack.length <= STACK_NAME) return;
  refuse(
    serverless,
    `backupDays: AWS Backup takes no stack whose name is over ${STACK_NAME} characters, as "${stack}" is. Choose` +
      ' a shorter stage, or a shorter service in serverless.yml.',
  );
}

function checkNames(serverless, names, where) {
  const known = Object.keys(serverless.configurationInput.params.default);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    refuse(
      serverless,
      `${where}: there is no parameter ${unknown.join(', ')}. docs/parameters.md lists all of them.`,
    );
  }
}

function text(serverless, name, value, file) {
  if (typeof value === 'object') {
    refuse(serverless, `${file}: ${name} must be a text, a number, true or false.`);
  }
  checkForm(serverless, name, String(value), file);
  return String(value);
}

function checkForm(serverless, name, value, where) {
  const problem = problemOfForm(name, value);
  if (problem) refuse(serverless, `${where}: ${problem}`);
}

function refuse(serverless, message) {
  throw new serverless.classes.Error(message);
}

module.exports = { commandLine, problemOfNeeded, readStage };
