/** Threads with endpoints, started by hand, for the tests. */
import { once } from 'node:events';
import { Worker, type ResourceLimits } from 'node:worker_threads';
import type { Endpoint, MailboxAddress, Peer } from 'pollux/threads';

export interface Started {
  readonly worker: Worker;
  readonly peer: Peer;
  readonly threadId: number;
}

const living = new Set<Worker>();

/**
 * Starts `worker-parts.js` in the part `part`, knows it as a peer, and marks it as ended when it ends.
 *
 * @param others addresses that it gets besides ours.
 */
export async function startThread(
  endpoint: Endpoint,
  part: string,
  parameters: Record<string, unknown> = {},
  others: MailboxAddress[] = [],
  resourceLimits?: ResourceLimits,
): Promise<Started> {
  const worker = new Worker(new URL('worker-parts.js', import.meta.url), {
    workerData: { part, addresses: [endpoint.address, ...others], ...parameters },
    resourceLimits,
  });
  living.add(worker);
  const { threadId } = worker;
  const [address] = (await once(worker, 'message')) as [MailboxAddress];
  const peer = endpoint.peer(address);
  worker.once('exit', () => {
    living.delete(worker);
    endpoint.markEnded(threadId);
  });
  return { worker, peer, threadId };
}

export async function endThreads(): Promise<void> {
  await Promise.all([...living].map(worker => worker.terminate()));
}
