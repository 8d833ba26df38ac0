/** The first rung: a connection is served to its end, then comes the next: node dist/examples/ladder/one-at-a-time.js */
import process from 'node:process';
import { listen } from 'pollux';
import { announce, serve } from './protocol.js';

const listener = await listen({ host: '127.0.0.1' });
announce(listener.port);
process.once('SIGINT', () => void listener.close());

for await (const connection of listener) await serve(connection);
