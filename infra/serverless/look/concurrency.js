'use strict';

// The account can reserve the relay's execution. Lambda refuses a reservation that leaves fewer
// than 100 executions unreserved. An account with a lower quota, as a new one, must leave it whole.

const { Denied, NotSeen, Refusal } = require('./outcomes');

const UNRESERVED = 100;

async function look(ask, { functions }) {
  const reserving = functions.filter(({ reserved }) => reserved > 0);
  try {
    const missing = await Promise.all(reserving.map((each) => missingFor(ask, each)));
    const needed = missing.reduce((sum, each) => sum + each, 0);
    if (needed > 0) checkLimit(needed, (await ask('lambda:GetAccountSettings', {})).AccountLimit);
  } catch (error) {
    if (!(error instanceof Denied)) throw error;
    throw new NotSeen(
      `The account's concurrency was not checked: ${error.message} is not allowed. An account` +
        " that can't reserve an execution needs reserveRelay=false.",
    );
  }
}

/** How many executions more the function needs than are reserved for it already. */
async function missingFor(ask, { name, reserved }) {
  try {
    const present = await ask('lambda:GetFunctionConcurrency', { FunctionName: name });
    return reserved - (present.ReservedConcurrentExecutions ?? 0);
  } catch (error) {
    if (error.name !== 'ResourceNotFoundException') throw error;
    return reserved;
  }
}

function checkLimit(needed, { ConcurrentExecutions: quota, UnreservedConcurrentExecutions: free }) {
  const least = Math.min(UNRESERVED, quota);
  if (free - needed >= least) return;
  throw new Refusal(
    `${needed} more execution(s) can't be reserved: of the account's ${quota} in this region` +
      ` ${free} are unreserved, and ${least} must stay so. Deploy with reserveRelay=false` +
      ' or ask AWS for more:\naws service-quotas request-service-quota-increase' +
      ' --service-code lambda --quota-code L-B99A9384 --desired-value 1000',
  );
}

module.exports = { look };
