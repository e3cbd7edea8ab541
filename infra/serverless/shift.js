'use strict';

// How fast the requests move to the new versions: all at once, or by a predefined configuration of
// CodeDeploy for Lambda. All at once needs no CodeDeploy.

const { refuse } = require('./values');

const AT_ONCE = 'AllAtOnce';
const BY_STEPS = [
  ...[5, 10, 15, 30].map((minutes) => `Canary10Percent${minutes}Minutes`),
  'Linear10PercentEvery1Minute',
  ...[2, 3, 10].map((minutes) => `Linear10PercentEvery${minutes}Minutes`),
];

module.exports = async ({ resolveVariable }) => {
  const shift = await resolveVariable('param:shift');
  if (shift === AT_ONCE) return {};
  if (BY_STEPS.includes(shift)) return resolveVariable('file(infra/shift.yml)');
  return refuse(`shift is "${shift}": it must be one of ${[AT_ONCE, ...BY_STEPS].join(', ')}`);
};
