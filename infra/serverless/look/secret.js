'use strict';

// The secret of Convoy's API key is there, and its text is one that app/convoy/secrets_manager.py
// takes. SnapStart starts the functions during the deployment, and they do not start without the key.
// No message shows the text.

const { Denied, NotSeen, Refusal } = require('./outcomes');

const FIELD = 'CONVOY_API_KEY';
const FORM = `{"${FIELD}": "…"}`;
const NAME = /^[\w/+=.@-]{1,512}$/; // Secrets Manager's rule. An ARN has colons
const PLACEHOLDER = /^(<.*>|change[-_ ]?(me|this)|replace[-_ ]?me|placeholder|your[-_ ].*)$/i;

/** What is wrong with the name. The functions' permission is made of it: an ARN does not fit. */
function problemOfName(name) {
  if (NAME.test(name)) return undefined;
  return (
    `convoySecret=${name} is not the name of a secret. Give the name, not the ARN: the` +
    ' secret is one of this account and region.'
  );
}

async function look(ask, { secret }) {
  try {
    const { DeletedDate } = await ask('secretsmanager:DescribeSecret', { SecretId: secret });
    if (DeletedDate) {
      throw new Refusal(
        `The secret "${secret}" is scheduled for deletion. Restore it:\n` +
          `aws secretsmanager restore-secret --secret-id ${secret}`,
      );
    }
    const { SecretString } = await ask('secretsmanager:GetSecretValue', { SecretId: secret });
    const problem = problemOf(SecretString);
    if (problem) {
      throw new Refusal(`The secret "${secret}" ${problem}. ${store('put-secret-value', secret)}`);
    }
  } catch (error) {
    throw explain(error, secret);
  }
}

/** What Secrets Manager says of the secret, for another look; {} without a secret. */
async function describe(ask, secret) {
  try {
    return await ask('secretsmanager:DescribeSecret', { SecretId: secret });
  } catch (error) {
    if (error.name === 'ResourceNotFoundException') return {}; // the look above refuses it
    throw error;
  }
}

function explain(error, secret) {
  if (error instanceof Denied) {
    return new NotSeen(
      `The secret "${secret}" was not checked: ${error.message} is not allowed. Without a secret` +
        ` of the form ${FORM} the functions do not start.`,
    );
  }
  if (error.name === 'ResourceNotFoundException') {
    return new Refusal(
      `There is no secret "${secret}" for Convoy's API key in this region, or it has no value.` +
        ` ${store('create-secret', secret)}`,
    );
  }
  return error;
}

/** What is wrong with the secret's text; undefined if nothing is. */
function problemOf(text) {
  if (!text) return 'has no text';
  const key = keyIn(text);
  if (key === undefined) return `is not of the form ${FORM}`;
  if (key === '') return `has a blank ${FIELD}`;
  if (/^bearer\b/i.test(key)) return `has "Bearer" in ${FIELD}: store the key alone`;
  if (PLACEHOLDER.test(key)) return `has a placeholder for ${FIELD}`;
  if (!/^[\x21-\x7e]+$/.test(key)) return `has a space or a character beyond ASCII in ${FIELD}`;
  return undefined;
}

function keyIn(text) {
  try {
    // Without the byte order mark, which Windows' editors write.
    const key = JSON.parse(text.replace(/^\uFEFF/, ''))?.[FIELD];
    return typeof key === 'string' ? key.trim() : undefined;
  } catch {
    return undefined; // the error would show the text
  }
}

function store(command, secret) {
  const option = command === 'create-secret' ? 'name' : 'secret-id';
  return (
    `Store the key:\naws secretsmanager ${command} --${option} ${secret}` +
    ` --secret-string file://secret.json\nsecret.json has to hold ${FORM}.`
  );
}

module.exports = { describe, look, problemOfName };
