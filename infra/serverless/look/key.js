'use strict';

// The functions may use the key that encrypts the secret: AWS's own, or the deployment's kmsKeyArn.
// Without it they can't read the secret, and do not start.

const { Denied, NotSeen, Refusal } = require('./outcomes');
const { describe } = require('./secret');

async function look(ask, { key, secret }) {
  try {
    const { KmsKeyId } = await describe(ask, secret);
    if (!KmsKeyId) return; // AWS's own
    const { Arn, KeyManager } = (await ask('kms:DescribeKey', { KeyId: KmsKeyId })).KeyMetadata;
    if (KeyManager === 'AWS' || Arn === key) return;
    throw new Refusal(
      `The secret "${secret}" is encrypted with the key ${Arn}, which the functions' roles may not` +
        ` use: the functions would not start. Deploy with kmsKeyArn=${Arn}, or use AWS's` +
        ` own key:\naws secretsmanager update-secret --secret-id ${secret} --kms-key-id` +
        ' alias/aws/secretsmanager',
    );
  } catch (error) {
    if (!(error instanceof Denied)) throw error;
    throw new NotSeen(
      `The key of the secret "${secret}" was not checked: ${error.message} is not allowed. If the` +
        ' key is not AWS\'s own, the deployment needs the parameter kmsKeyArn.',
    );
  }
}

module.exports = { look };
