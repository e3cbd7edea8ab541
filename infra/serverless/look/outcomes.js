'use strict';

// What a look may find. Without a finding it returns.

/** The deployment would fail, or its functions would not start. */
class Refusal extends Error {}

/** The look could not be made. The deployment goes on; the message says what to check by hand. */
class NotSeen extends Error {}

/** AWS does not let the deployer make a call. The message is the call's action. */
class Denied extends Error {}

module.exports = { Denied, NotSeen, Refusal };
