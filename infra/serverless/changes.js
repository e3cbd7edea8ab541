'use strict';

// What a deployment changes in a stage, and which of the changes loosen it.

const { listOf } = require('./values');

// Another value sends requests, events or alarms elsewhere, or gives the resources to other owners.
const another = (from, to) => from !== to;

// null is no limit for throttling, and no end for a retention.
const higher = (from, to) => from !== null && (to === null || to > from);
const shorter = (from, to) => to !== null && (from === null || to < from);

// What was not set may be set. What was set may not be lost or replaced.
const lost = (from, to) => from !== '' && to !== from;

const LOOSENS = {
  signIn: another,
  ownerClaim: another,
  convoyAppId: another,
  convoyBaseUrl: another,
  convoyProjectId: another,
  convoySecret: another,
  corsOrigins: (from, to) => to.some((each) => !from.includes(each)),
  rateLimit: higher,
  burstLimit: higher,
  alarmEmail: lost,
  logRetentionInDays: shorter,
  eventRetentionDays: shorter,
  kmsKeyArn: lost,
  permissionsBoundary: lost,
  subnetIds: (from, to) => from.some((each) => !to.includes(each)),
  // A group more allows more. Without groups the functions are in no VPC.
  securityGroupIds: (from, to) => from.length > 0 && (to.length === 0 || to.some((each) => !from.includes(each))),
  backupDays: (from, to) => to < from,
  disposable: (from, to) => to && !from,
};

/** The changes between two stages' facts: `{name, from, to, loosens}` for each. */
function changesBetween(deployed, planned) {
  return Object.keys(LOOSENS)
    .map((name) => ({ name, from: deployed[name], to: planned[name] }))
    .filter(({ from, to }) => shown(from) !== shown(to))
    .map((change) => ({ ...change, loosens: LOOSENS[change.name](change.from, change.to) }));
}

/** The lines that describe the changes. */
function describe(changes) {
  return changes.map(
    ({ name, from, to, loosens }) => `  ${name}: ${shown(from)} -> ${shown(to)}${loosens ? ' (loosens)' : ''}`,
  );
}

/**
 * Why the changes are not deployed; undefined if they are. `accept`: the names that the deployment
 * accepts, with commas between them.
 */
function refusal(changes, accept) {
  const accepted = listOf(accept);
  const loosening = changes.filter(({ loosens }) => loosens).map(({ name }) => name);
  const needless = accepted.filter((name) => !loosening.includes(name));
  if (needless.length > 0) {
    return `--param accept=${accept}: the deployment does not loosen ${needless.join(', ')}. Leave it out.`;
  }
  const silent = loosening.filter((name) => !accepted.includes(name));
  if (silent.length === 0) return undefined;
  return (
    `The deployment would loosen the stage: ${silent.join(', ')}. Nothing was changed. Correct the stage's` +
    ` file, or if the change is meant: --param accept=${loosening.join(',')}`
  );
}

function shown(value) {
  if (value === null) return 'unlimited';
  return (Array.isArray(value) ? value.join(' ') : String(value ?? '')) || 'none';
}

module.exports = { changesBetween, describe, refusal };
