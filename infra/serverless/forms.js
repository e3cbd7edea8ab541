'use strict';

// The forms of the parameters' values. A wrong value is refused before anything is packaged: some
// would pass until a function starts in the middle of a deployment, or would mean the contrary.

const TRUE_OR_FALSE = { pattern: /^(true|false)$/, form: 'true or false' };
const COUNT = { pattern: /^[1-9]\d{0,5}$/, form: 'a whole number, 1 or more' };

// CloudWatch Logs takes only these (API reference of PutRetentionPolicy).
const RETENTIONS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731],
  ...[1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

const FORMS = {
  anonymous: TRUE_OR_FALSE,
  disposable: TRUE_OR_FALSE,
  publishReads: TRUE_OR_FALSE,
  reserveRelay: TRUE_OR_FALSE,
  snapStart: TRUE_OR_FALSE,
  rateLimit: COUNT,
  burstLimit: COUNT,
  maxEndpoints: { pattern: /^([1-9]\d?|100)$/, form: 'a whole number from 1 to 100' },
  logRetentionInDays: oneOf(RETENTIONS),
  accessLog: oneOf(['short', 'full']),
  tracing: oneOf(['PassThrough', 'Active']),
  contributorInsights: oneOf(['THROTTLED_KEYS', 'ACCESSED_AND_THROTTLED_KEYS']),
  alarmEmail: { pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/, form: 'an address such as ops@example.com' },
  basePath: {
    pattern: /^(\/[\w.~!$&'()*+,;=:@-]+)+$/,
    form: 'a path such as /v1, without % and without empty parts',
  },
  jwtIssuer: { pattern: /^https:\/\/\S+$/, form: 'a URL such as https://issuer.example.com' },
};

/** What is wrong with the parameter's value; undefined if nothing is. An empty value is none. */
function problemOfForm(name, value) {
  const { pattern, form } = FORMS[name] ?? {};
  if (value === '' || !pattern || pattern.test(value)) return undefined;
  return `${name} is "${value}": it must be ${form}.`;
}

function oneOf(values) {
  return { pattern: new RegExp(`^(${values.join('|')})$`), form: `one of ${values.join(', ')}` };
}

module.exports = { problemOfForm };
