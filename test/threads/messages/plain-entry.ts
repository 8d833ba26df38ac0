/** A worker of no runtime: it greets, has everything closed, and comes to its end. */
import process from 'node:process';
import { workerData } from 'node:worker_threads';
import { connect, listen } from 'pollux';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

const { address, way } = workerData as { address: MailboxAddress; way: string };
const endpoint = openEndpoint();
await endpoint.peer(address).sender('greetings').send('hello');
const listener = await listen({ host: '127.0.0.1', onConnection: connection => connection.destroy() });
const connection = await connect({ host: '127.0.0.1', port: listener.port });
await connection.read();
await connection.close();
await listener.close();
endpoint.close();
if (way === 'exit') process.exit(3);
if (way === 'throw') throw new Error('thrown as told');
