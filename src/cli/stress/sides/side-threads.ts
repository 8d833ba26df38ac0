/** The threads of a child process: the main thread alone, or a runtime of several. */
import type { Peer } from '../../../threads/endpoint/peer.js';
import { Runtime } from '../../../threads/runtime/runtime.js';
import { startReactor } from '../../../api/thread-reactor.js';
import type { ReactorOptions } from '../../../core/reactor/reactor.js';
import { LocalSide } from './local-side.js';
import type { SideThread } from './side-thread.js';

/** The coordinator gives up long before, when no further thread has begun to run for a while. */
const START_MS = 3_600_000;
/** Threads that have closed everything have nothing left to wait for. */
const STOP_MS = 2_000;

export interface SideThreads {
  readonly threads: readonly SideThread[];
  /** Ends the threads, when each has finished. */
  end(): Promise<void>;
}

/**
 * @param name of the side, for messages.
 * @param count of threads.
 * @param onDeath a thread died of this; what it was asked fails with EPIPE, perhaps before.
 * @throws (by the promise) TypeError, Error a backend or mode that does not work here, or a thread that did not start.
 */
export async function startThreads(
  name: string,
  count: number,
  reactor: ReactorOptions,
  onDeath: (failure: Error) => void,
): Promise<SideThreads> {
  startReactor(reactor);
  if (count === 1) return { threads: [new LocalSide()], end: () => Promise.resolve() };
  const runtime = new Runtime({
    entry: new URL('thread.js', import.meta.url),
    workers: count,
    reactor,
    onError: (failure, thread) => onDeath(new Error(`the ${name}: ${thread} died: ${failure.message}`)),
  });
  await runtime.start(START_MS);
  return {
    threads: runtime.workers.map(({ peer }) => remoteSide(peer)),
    end: async () => void (await runtime.stop(STOP_MS)),
  };
}

/** A side in a worker thread. */
function remoteSide(peer: Peer): SideThread {
  return {
    serve: plan => peer.request('serve', plan),
    flood: plan => peer.request('flood', plan),
    stop: () => peer.request('stop', null),
    count: () => peer.request('count', null),
    progress: () => peer.request('progress', null),
    finish: expected => peer.request('finish', expected),
  };
}
