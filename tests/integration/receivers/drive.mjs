// Calls the functions of a receiver: node drive.mjs RECEIVER < questions > answers

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { Received, receiver, verified } = await import(pathToFileURL(process.argv[2]));
const { vectors, history, orders, attempts } = JSON.parse(readFileSync(0));
const valid = vectors.map(({ secret, body_base64, header, now }) =>
  verified(secret, Buffer.from(body_base64, 'base64'), header, now),
);
const news = [];
for (const order of orders) {
  const received = new Received();
  const judged = [];
  for (const index of order) {
    let is = false;
    await received.take(history[index], () => { is = true; });
    judged.push(is);
  }
  news.push(judged);
}
console.log(JSON.stringify({ valid, news, ...(await tried(attempts)) }));

/** The answers to requests at once. The work of each event fails the first time. */
async function tried({ secret, requests }) {
  const failed = new Set();
  const worked = [];
  console.error = () => {}; // the receiver shows each error
  const server = receiver([secret], async ({ id }) => {
    await undefined;
    if (failed.has(id)) worked.push(id);
    else {
      failed.add(id);
      throw new Error('expected');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/webhooks`;
  const statuses = await Promise.all(requests.map(async ({ header, body }) => {
    const answer = await fetch(url, { method: 'POST', headers: { 'x-convoy-signature': header }, body });
    return answer.status;
  }));
  server.close();
  server.closeAllConnections();
  return { statuses, worked };
}
