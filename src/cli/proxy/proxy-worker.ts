/** Entry of the threads of `pollux proxy --threads`: each has a proxy of its own, on ports that all share. */
import { createProxy, type ProxyOptions } from '../../servers.js';
import { currentWorker } from '../../threads.js';

/** What each thread is given. */
export interface ProxyPayload {
  readonly options: ProxyOptions;
  readonly drainMs: number;
}

const worker = currentWorker();
const { options, drainMs } = worker.payload as ProxyPayload;
const proxy = await createProxy(options);
worker.onStop = async () => {
  await proxy.drain({ deadlineMs: drainMs });
};
