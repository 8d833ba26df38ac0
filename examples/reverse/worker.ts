/** The thread behind examples/reverse.ts: turns lines round, and keeps the number before them as it is. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEndpoint, type MailboxAddress } from 'pollux';

const NUMBER_BYTES = 4;

const endpoint = openEndpoint();
const reversed = endpoint.peer(workerData as MailboxAddress).queue('reversed');
parentPort!.postMessage(endpoint.address);

for await (const message of endpoint.queue<Uint8Array>('lines')) {
  message.subarray(NUMBER_BYTES, -1).reverse();
  await reversed.send(message);
}
