/** A worker with nothing but a queue to wait for: what it costs while nothing comes, and that it still answers then. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

const QUIET_MS = 500;

const endpoint = openEndpoint();
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: endpoint.address });
  const [address] = (await once(worker, 'message')) as [MailboxAddress];
  const peer = endpoint.peer(address);
  await peer.request('anybody', 0);
  const before = process.cpuUsage();
  await new Promise(resolve => setTimeout(resolve, QUIET_MS));
  const { user, system } = process.cpuUsage(before);
  const answered = await peer.request('anybody', 0);
  process.stdout.write(JSON.stringify({ answered, cpuMs: (user + system) / 1000 }));
  await worker.terminate();
  endpoint.markEnded(address.threadId);
} else {
  endpoint.peer(workerData as MailboxAddress);
  endpoint.answer('anybody', () => 'still here');
  parentPort!.postMessage(endpoint.address);
  parentPort!.unref();
}
