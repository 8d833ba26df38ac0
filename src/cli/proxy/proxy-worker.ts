/** Entry of the threads of `pollux proxy --threads`: each has a proxy of its own, on ports that all share. */
import { createProxy, type ProxyOptions } from '../../servers.js';
import { currentWorker } from '../../threads.js';

const worker = currentWorker();
const proxy = await createProxy(worker.payload as ProxyOptions);

worker.endpoint.answer<ProxyOptions>('reload', async ({ value: options }) => {
  await proxy.reload(options);
});
worker.endpoint.answer('report', () => proxy.report());
worker.endpoint.answer('reopen', () => proxy.reopenLog());
worker.endpoint.answer<number>('drain', async ({ value: deadlineMs }) => {
  await proxy.drain({ deadlineMs });
});
