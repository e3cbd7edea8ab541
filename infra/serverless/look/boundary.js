'use strict';

// Within the permissions boundary the functions' roles can read the secret: otherwise the
// functions do not start. The roles do not exist before the first deployment. So IAM evaluates the
// boundary alone.

const { Denied, NotSeen, Refusal } = require('./outcomes');
const { describe } = require('./secret');

const READ = 'secretsmanager:GetSecretValue';
const DECRYPT = 'kms:Decrypt';
const ALLOW_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

async function look(ask, { boundary, key, secret }) {
  if (!boundary) return;
  try {
    const document = await read(ask, boundary);
    const { ARN } = await describe(ask, secret);
    if (ARN) await simulate(ask, boundary, document, READ, ARN);
    if (key) await simulate(ask, boundary, document, DECRYPT, key);
  } catch (error) {
    throw explain(error, boundary);
  }
}

async function read(ask, boundary) {
  const { Policy } = await ask('iam:GetPolicy', { PolicyArn: boundary });
  const { PolicyVersion } = await ask('iam:GetPolicyVersion', {
    PolicyArn: boundary,
    VersionId: Policy.DefaultVersionId,
  });
  return decodeURIComponent(PolicyVersion.Document);
}

async function simulate(ask, boundary, document, action, resource) {
  const { EvaluationResults } = await ask('iam:SimulateCustomPolicy', {
    ActionNames: [action],
    PermissionsBoundaryPolicyInputList: [document],
    PolicyInputList: [ALLOW_ALL],
    ResourceArns: [resource],
  });
  const { EvalDecision } = EvaluationResults[0];
  if (EvalDecision === 'allowed') return;
  throw new Refusal(
    `The permissions boundary ${boundary} does not allow ${action} on ${resource}` +
      ` (${EvalDecision}): the functions would not start. Allow it in the boundary.`,
  );
}

function explain(error, boundary) {
  if (error instanceof Denied) {
    return new NotSeen(
      `The permissions boundary ${boundary} was not checked: ${error.message} is not allowed. The` +
        ` boundary has to allow ${READ} on the secret, or the functions do not start.`,
    );
  }
  if (error.name.startsWith('NoSuchEntity')) {
    return new Refusal(
      `permissionsBoundary=${boundary}: there is no such policy. Make it first.`,
    );
  }
  return error;
}

module.exports = { look };
