// Calls the functions of a receiver: node drive.mjs RECEIVER < questions > answers

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { Received, verified } = await import(pathToFileURL(process.argv[2]));
const { vectors, history, orders } = JSON.parse(readFileSync(0));
const valid = vectors.map(({ secret, body_base64, header, now }) =>
  verified(secret, Buffer.from(body_base64, 'base64'), header, now),
);
const news = orders.map((order) => {
  const received = new Received();
  return order.map((index) => received.isNews(history[index]));
});
console.log(JSON.stringify({ valid, news }));
