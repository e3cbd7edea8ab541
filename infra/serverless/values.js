'use strict';

// What the files that serverless.yml reads do with the parameters' values.

/** The values of a list, which have commas between them. */
function listOf(text) {
  return String(text).split(',').map((each) => each.trim()).filter(Boolean);
}

/** End the command with a message alone. */
function refuse(message) {
  const error = new Error(message);
  error.stack = message; // the framework prints the stack
  throw error;
}

module.exports = { listOf, refuse };
