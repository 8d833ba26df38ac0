/** The thread behind examples/reverse.ts: turns lines round, and keeps the number before them as it is. */
import { currentWorker } from 'pollux/threads';
import { NUMBER_BYTES } from './client.js';

const { endpoint, owner } = currentWorker();
const reversed = owner.sender<Uint8Array>('reversed');

async function work(): Promise<void> {
  for await (const message of endpoint.queue<Uint8Array>('lines')) {
    message.subarray(NUMBER_BYTES, -1).reverse();
    // While there is no room for answers, no lines are taken either; then there is none for lines, and clients are held.
    await reversed.send(message);
  }
}

void work();
