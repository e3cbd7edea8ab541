'use strict';

const { listOf, refuse } = require('./values');

const { createHash } = require('node:crypto');

// The parameters that a company asks for, checked, in the form of the framework's own properties. Each
// is off by default. A key, subnets and security groups are properties of the functions, not
// conditions of the template: the framework makes a new version of a function only if it sees a change.

// {pattern, example}: the whole value, or each value between commas.
const FORMS = {
  kmsKeyArn: {
    pattern: /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
    example: 'arn:aws:kms:eu-central-1:123456789012:key/… (of a key, not of an alias)',
  },
  permissionsBoundary: {
    pattern: /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
    example: 'arn:aws:iam::123456789012:policy/…',
  },
  subnetIds: { pattern: /^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/, example: 'subnet-0a…,subnet-0b…', list: true },
  securityGroupIds: { pattern: /^sg-([0-9a-f]{8}|[0-9a-f]{17})$/, example: 'sg-0a…', list: true },
  backupDays: { pattern: /^(0|[1-9]\d{0,4})$/, example: '35, a number of days (0: no new copies)' },
};

// What a request was and where it came from. The texts that a client chooses come last: whatever they
// hold, the first value of a field is the gateway's. No caller: the function's log has its hash.
const OF_CLIENTS = {
  ip: '$context.identity.sourceIp',
  protocol: '$context.protocol',
  host: '$context.domainName',
  route: '$context.routeKey',
  path: '$context.path',
  userAgent: '$context.identity.userAgent',
};

module.exports = async ({ resolveVariable }) => {
  const read = async (name) => String((await resolveVariable(`param:${name}`)) ?? '').trim();
  const names = Object.keys(FORMS);
  const values = await Promise.all(names.map(read));
  const given = Object.fromEntries(names.map((name, index) => [name, checked(name, values[index])]));
  const subnetIds = listOf(given.subnetIds);
  const securityGroupIds = listOf(given.securityGroupIds);
  if (Boolean(subnetIds.length) !== Boolean(securityGroupIds.length)) {
    const [one, other] = subnetIds.length
      ? ['subnetIds', 'securityGroupIds']
      : ['securityGroupIds', 'subnetIds'];
    refuse(`${one} is given, ${other} is not: functions in a VPC need both`);
  }
  return {
    kmsKeyArn: given.kmsKeyArn || null,
    keyName: nameOf(given.kmsKeyArn),
    vpc: subnetIds.length ? { subnetIds, securityGroupIds } : null,
    accessLog: formatOf(await read('accessLog'), await resolveVariable('self:custom.accessLog')),
  };
};

function checked(name, value) {
  const { pattern, example, list } = FORMS[name];
  const wrong = (list ? listOf(value) : [value].filter(Boolean)).find((each) => !pattern.test(each));
  if (wrong !== undefined) refuse(`${name}: "${wrong}" is not of the form ${example}`);
  return value;
}

/** At most 8 characters, another for each key. An id itself can't be cut: those of many regions begin alike. */
function nameOf(key) {
  return key ? createHash('sha256').update(key).digest('hex').slice(0, 8) : 'plain';
}

function formatOf(kind, short) {
  if (kind === 'short') return JSON.stringify(short);
  if (kind === 'full') return JSON.stringify({ ...short, ...OF_CLIENTS });
  return refuse(`accessLog=${kind}: must be short or full`);
}
