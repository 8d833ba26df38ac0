/** A thread that notes what it is handed, by number, and stops for good in the middle of one. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

const { address, tally, stopsAt } = workerData as { address: MailboxAddress; tally: Int32Array; stopsAt: number };
const endpoint = openEndpoint({ ringBytes: 4096 });

function handed(bytes: Uint8Array): void {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  Atomics.add(tally, number, 1);
  if (number === stopsAt) Atomics.wait(tally, number, 1);
}

endpoint.queue('job').onMessage = ({ bytes }) => handed(bytes);
endpoint.define<Uint8Array>('job', handed);
endpoint.answer<Uint8Array>('job', ({ value }) => handed(value));
endpoint.peer(address);
parentPort!.postMessage(endpoint.address);
