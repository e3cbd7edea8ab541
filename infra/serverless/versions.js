'use strict';

// The versions that served before a deployment, for `make rollback`. The alias `before` of each function
// names them, and its description the version that followed. CloudFormation does not know the alias, so
// no deployment moves it. The framework deletes no version that an alias names.

const { CreateAliasCommand, GetAliasCommand, UpdateAliasCommand } = require('@aws-sdk/client-lambda');

const { NAME } = require('./aliases');

const BEFORE = 'before';
const ANSWER_S = 20; // for each question, with its repetitions

/** The names of the functions that have the alias `live`. */
function functionsOf({ Resources: resources }) {
  return Object.values(resources)
    .filter(({ Type, Properties }) => Type === 'AWS::Lambda::Alias' && Properties.Name === NAME)
    .map(({ Properties }) => resources[Properties.FunctionName.Ref].Properties.FunctionName);
}

/** The version that serves, by the function's name; null if there is none. Throws an Error. */
async function serving(lambda, names) {
  try {
    const pairs = names.map(async (name) => [name, (await aliasOf(lambda, name, NAME))?.FunctionVersion ?? null]);
    return Object.fromEntries(await Promise.all(pairs));
  } catch (error) {
    throw new Error(
      `The versions that serve could not be read (${error.name}: ${error.message}). Allow lambda:GetAlias,` +
        ' or try again.',
    );
  }
}

/**
 * Record `before`, the versions that served before a deployment that succeeded. A deployment that
 * moved none leaves the record as it is. Returns a warning for each function that a rollback moved
 * and the deployment did not. Throws an Error if AWS does not take the record.
 */
async function record(lambda, names, before) {
  try {
    const now = await serving(lambda, names);
    const known = names.filter((name) => before[name] !== null);
    const back = [];
    for (const name of known) if (await isBack(lambda, name, before[name], now[name])) back.push(name);
    if (known.some((name) => now[name] !== before[name])) {
      // A function that is back keeps its record, which says that it is back.
      const moved = known.filter((name) => !back.includes(name));
      for (const name of moved) await nameBefore(lambda, name, before[name], now[name]);
    }
    return back.map((name) => warning(name, now[name]));
  } catch (error) {
    throw new Error(
      `The stage is deployed, and the versions before are not recorded (${error.message}). \`make rollback\`` +
        ` refuses. These served before: ${JSON.stringify(before)}`,
    );
  }
}

async function isBack(lambda, name, before, now) {
  if (now !== before) return false;
  const recorded = await aliasOf(lambda, name, BEFORE);
  return recorded?.FunctionVersion === now && recorded.Description !== describe(now);
}

function warning(name, version) {
  return (
    `${name} stays at version ${version}, to which a rollback moved it: this deployment has no new version of` +
    ' it. Deploy the repaired sources, or the older ones.'
  );
}

/** The alias; undefined if there is none. */
async function aliasOf(lambda, name, alias) {
  try {
    return await send(lambda, new GetAliasCommand({ FunctionName: name, Name: alias }));
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

function describe(next) {
  return `before version ${next}`;
}

async function nameBefore(lambda, name, version, next) {
  const alias = {
    FunctionName: name,
    Name: BEFORE,
    FunctionVersion: version,
    Description: describe(next),
  };
  try {
    await send(lambda, new UpdateAliasCommand(alias));
  } catch (error) {
    if (error.name !== 'ResourceNotFoundException') throw error;
    await send(lambda, new CreateAliasCommand(alias));
  }
}

function send(client, command) {
  return client.send(command, { abortSignal: AbortSignal.timeout(ANSWER_S * 1000) });
}

module.exports = { functionsOf, record, serving };
