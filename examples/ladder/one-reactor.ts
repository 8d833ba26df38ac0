/** One thread serves all connections, whichever has something to do: node dist/examples/ladder/one-reactor.js */
import process from 'node:process';
import { listen } from 'pollux';
import { announce, serve } from './protocol.js';

const listener = await listen({ host: '127.0.0.1' });
listener.onConnection = connection => void serve(connection);
announce(listener.port);
process.once('SIGINT', () => void listener.close());
