/** Sends back what it is sent, compressed: node dist/examples/gzip.js PORT */
import { pipeline } from 'node:stream/promises';
import process from 'node:process';
import { createGzip } from 'node:zlib';
import { listen, type Connection } from 'pollux';
import { toDuplex } from 'pollux/node';

if (process.argv[2] === undefined) {
  console.error('usage: node dist/examples/gzip.js PORT');
  process.exit(2);
}

async function compress(connection: Connection): Promise<void> {
  const stream = toDuplex(connection, { allowHalfOpen: true });
  await pipeline(stream, createGzip(), stream);
}

const listener = await listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
listener.onConnection = connection => {
  compress(connection).catch((failure: Error) => console.error(failure.message));
};
process.once('SIGINT', () => void listener.close());
console.log(`listening on 127.0.0.1:${listener.port}`);
