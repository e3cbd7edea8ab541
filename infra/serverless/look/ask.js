'use strict';

// One call of AWS that changes nothing. It ends by its deadline, retries included, with the answer,
// with Denied, with the service's own error (by its name), or with a Refusal: no answer.

const { CloudFormationClient, GetTemplateCommand } = require('@aws-sdk/client-cloudformation');
const {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  IAMClient,
  SimulateCustomPolicyCommand,
} = require('@aws-sdk/client-iam');
const { DescribeKeyCommand, KMSClient } = require('@aws-sdk/client-kms');
const {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  LambdaClient,
} = require('@aws-sdk/client-lambda');
const {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} = require('@aws-sdk/client-secrets-manager');

const { Denied, Refusal } = require('./outcomes');

const DEADLINE_MS = 15_000;

const CALLS = {
  'cloudformation:GetTemplate': [CloudFormationClient, GetTemplateCommand],
  'iam:GetPolicy': [IAMClient, GetPolicyCommand],
  'iam:GetPolicyVersion': [IAMClient, GetPolicyVersionCommand],
  'iam:SimulateCustomPolicy': [IAMClient, SimulateCustomPolicyCommand],
  'kms:DescribeKey': [KMSClient, DescribeKeyCommand],
  'lambda:GetAccountSettings': [LambdaClient, GetAccountSettingsCommand],
  'lambda:GetFunctionConcurrency': [LambdaClient, GetFunctionConcurrencyCommand],
  'secretsmanager:DescribeSecret': [SecretsManagerClient, DescribeSecretCommand],
  'secretsmanager:GetSecretValue': [SecretsManagerClient, GetSecretValueCommand],
};

/** `configure` makes a new client's configuration: to end a client ends its connections. */
module.exports = (configure, deadlineMs = DEADLINE_MS) =>
  async (action, input) => {
    const [Client, Command] = CALLS[action];
    const client = new Client(await configure());
    const abortSignal = AbortSignal.timeout(deadlineMs);
    try {
      return await client.send(new Command(input), { abortSignal });
    } catch (error) {
      if (abortSignal.aborted) {
        throw new Refusal(`${action} was not answered within ${deadlineMs / 1000} s. Try again.`);
      }
      if (/^AccessDenied(Exception)?$/.test(error.name)) throw new Denied(action);
      if (error.$fault) throw error;
      throw new Refusal(`${action} could not be called: ${error.message}. Check the network.`);
    } finally {
      client.destroy();
    }
  };
