'use strict';

// How the data of a stage is kept. A stage is safe unless its file declares it `disposable`.

const { refuse } = require('./values');

const ALL = { Effect: 'Allow', Principal: '*', Action: 'Update:*', Resource: '*' };

// A table under another logical id, or with another key, would be an empty table in place of a full one.
const TABLES_STAY = {
  Effect: 'Deny',
  Principal: '*',
  Action: ['Update:Replace', 'Update:Delete'],
  Resource: '*',
  Condition: { StringEquals: { ResourceType: ['AWS::DynamoDB::Table'] } },
};

const SAFE = {
  tables: 'true',
  stack: true,
  stackPolicy: [ALL, TABLES_STAY],
  deletionPolicy: 'RetainExceptOnCreate',
  updateReplacePolicy: 'Retain',
  logRetentionInDays: 90,
};

// It has a policy too: without one, CloudFormation keeps the stack's earlier policy.
const DISPOSABLE = {
  tables: 'false',
  stack: false,
  stackPolicy: [ALL],
  deletionPolicy: 'Delete',
  updateReplacePolicy: 'Delete',
  logRetentionInDays: 14,
};

module.exports = async ({ resolveVariable }) => {
  const disposable = String(await resolveVariable('param:disposable'));
  if (disposable === 'true') return DISPOSABLE;
  if (disposable === 'false') return SAFE;
  return refuse(`disposable is "${disposable}": it must be true or false`);
};
