'use strict';

// The deployed stack, before a deployment and after it: what the deployment changes, and whether the
// tables can be deleted.

const {
  DescribeStacksCommand,
  GetTemplateCommand,
  UpdateStackCommand,
  waitUntilStackUpdateComplete,
} = require('@aws-sdk/client-cloudformation');

const { changesBetween, describe, refusal } = require('./changes');
const { factsOf } = require('./facts');

const ANSWER_S = 20; // for each question, with its repetitions
const UPDATE_S = 600;
const PROTECTION = 'DeletionProtection';

/**
 * Print what the deployment of `provider`, the packaged one, changes in the stack.
 * `accept`: the names of the loosening changes that are meant, with commas between them.
 * Throws an Error if another change loosens the stage, or if the stack can't be read.
 */
async function check(client, stackName, provider, { accept, print }) {
  const deployed = await read(client, stackName);
  refuseToLeaveCopies(deployed?.parameters ?? {}, provider);
  const facts = deployed && factsOf(deployed.template, deployed.parameters);
  const changes = facts ? changesBetween(facts, plannedFacts(provider)) : [];
  if (changes.length > 0) print([`Changes in ${stackName}:`, ...describe(changes)].join('\n'));
  const message = refusal(changes, accept);
  if (message) throw new Error(message);
  if (!deployed?.hasTables) leaveUnprotected(provider);
}

// The copies would stay without the role that deletes them, in a vault whose name is then taken.
function refuseToLeaveCopies(parameters, { stackParameters }) {
  const planned = stackParameters.find((each) => each.ParameterKey === 'BackupDays');
  if (!parameters.BackupDays || planned?.ParameterValue) return;
  throw new Error(
    'backupDays is taken away, and the stage has a vault of copies. Nothing was changed. Write' +
      ' backupDays: 0 for no new copies: the vault stays, and its copies are deleted when they are old enough.',
  );
}

/**
 * Protect the tables from deletion, if they are to be protected and are not.
 * Throws an Error if CloudFormation does not do it within UPDATE_S.
 */
async function protect(client, stackName, { keeping }) {
  if (keeping.tables !== 'true') return;
  try {
    const { parameters } = await read(client, stackName);
    if (parameters[PROTECTION] !== 'false') return;
    await send(client, new UpdateStackCommand(protection(stackName, Object.keys(parameters))));
    const waiter = { client, maxWaitTime: UPDATE_S, minDelay: 1, maxDelay: 10 };
    await waitUntilStackUpdateComplete(waiter, { StackName: stackName });
  } catch (error) {
    throw new Error(
      `The stage is deployed, and its tables can still be deleted (${error.message}). Deploy again.`,
    );
  }
}

function protection(stackName, names) {
  return {
    StackName: stackName,
    UsePreviousTemplate: true,
    Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
    Parameters: names.map((ParameterKey) =>
      ParameterKey === PROTECTION
        ? { ParameterKey, ParameterValue: 'true' }
        : { ParameterKey, UsePreviousValue: true },
    ),
  };
}

// If the first deployment fails, its rollback has to delete the tables: they would stay for ever.
function leaveUnprotected(provider) {
  const parameter = provider.stackParameters.find(({ ParameterKey }) => ParameterKey === PROTECTION);
  parameter.ParameterValue = 'false';
}

/** The stack's template and parameters; undefined if there is no stack. */
async function read(client, stackName) {
  try {
    const { Stacks } = await send(client, new DescribeStacksCommand({ StackName: stackName }));
    const { TemplateBody: body } = await send(client, new GetTemplateCommand({ StackName: stackName }));
    return {
      // The framework writes JSON. YAML is that of tables that were imported, and of nothing else yet.
      template: body.startsWith('{') ? JSON.parse(body) : {},
      hasTables: body.includes('AWS::DynamoDB::Table'),
      parameters: valuesOf(Stacks[0].Parameters ?? []),
    };
  } catch (error) {
    if (error.name === 'ValidationError' && /does not exist/.test(error.message)) return undefined;
    throw new Error(
      `The stack ${stackName} could not be read (${error.name}: ${error.message}). The deployment compares` +
        ' it with the stage: allow cloudformation:DescribeStacks and GetTemplate, or try again.',
    );
  }
}

function send(client, command) {
  return client.send(command, { abortSignal: AbortSignal.timeout(ANSWER_S * 1000) });
}

function plannedFacts({ compiledCloudFormationTemplate: template, stackParameters }) {
  const defaults = Object.entries(template.Parameters ?? {})
    .filter(([, { Default }]) => Default !== undefined)
    .map(([name, { Default }]) => [name, Default]);
  return factsOf(template, { ...Object.fromEntries(defaults), ...valuesOf(stackParameters) });
}

function valuesOf(parameters) {
  return Object.fromEntries(parameters.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]));
}

module.exports = { check, protect };
