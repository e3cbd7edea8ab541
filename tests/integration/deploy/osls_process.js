'use strict';

// Runs a command of the framework for each line of stdin, {cwd, env, argv}, and answers each with a
// line of stdout, {code, stdout, stderr}. A process of its own for each would spend a second on what
// is kept here: the compiled modules of the framework that hold no state of a command.

const { createInterface } = require('node:readline');

const answer = process.stdout.write.bind(process.stdout);
const STATEFUL = /\/osls\/(bin|scripts|lib\/(cli|configuration)|lib\/utils\/(serverless-utils|log-deprecation))\b/;

let done = null;

function begin({ cwd, env, argv }) {
  for (const name of process.eventNames()) if (!OURS.includes(name)) process.removeAllListeners(name);
  for (const path of Object.keys(require.cache)) {
    if (STATEFUL.test(path) || !path.includes('/node_modules/')) delete require.cache[path];
  }
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const osls = require.resolve('osls/bin/serverless.js', { paths: [cwd] });
  process.argv = [process.execPath, osls, ...argv];
  process.exitCode = undefined;
  delete EvalError.$serverlessCommandStartTime; // so that the framework takes itself for the main module
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    process[stream].write = (text) => Boolean((said[stream] += text));
  }
  done = () => answer(`${JSON.stringify({ code: process.exitCode ?? 0, ...said })}\n`);
  require(osls);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdin.unref(); // the loop then ends with the command
  begin(JSON.parse(line));
});
process.on('beforeExit', () => {
  if (done === null) return;
  done();
  done = null;
  process.stdin.ref();
});
const OURS = process.eventNames();
