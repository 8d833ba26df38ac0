/** Entry of the threads of `pollux serve`: each has a server of its own, and is given connections. */
import { createStaticServer, type StaticServerOptions } from '../../servers.js';
import { currentWorker, receiveConnections } from '../../threads.js';

const worker = currentWorker();
const server = await createStaticServer(worker.payload as StaticServerOptions);

worker.endpoint.answer<StaticServerOptions>('reload', async ({ value: options }) => {
  await server.reload(options);
});
worker.endpoint.answer('report', () => server.report());
worker.endpoint.answer('reopen', () => server.reopenLog());
worker.endpoint.answer<number>('drain', async ({ value: deadlineMs }) => {
  await server.drain({ deadlineMs });
});
receiveConnections(worker.endpoint, connection => server.serve(connection));
