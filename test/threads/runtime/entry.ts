/** What the threads of the tests run. */
import { allowedProcessors } from '../../../src/sys/process/affinity.js';
import { connect, listen } from 'pollux';
import { currentWorker } from 'pollux/threads';

const worker = currentWorker();
const listener = await listen({ host: '127.0.0.1', onConnection: connection => (connection.onData = () => {}) });
const client = await connect({ host: '127.0.0.1', port: (listener.address as { port: number }).port });
worker.endpoint.answer('about', () => ({
  index: worker.index,
  name: worker.name,
  payload: worker.payload,
  peers: [...worker.peers.keys()].sort(),
  processors: allowedProcessors(),
}));
worker.endpoint.define('crash', () => {
  throw new Error('crashed as told');
});
worker.endpoint.define('spin', () => {
  for (;;);
});
worker.endpoint.define('exit', (code: number) => process.exit(code));
worker.onStop = async () => {
  client.destroy();
  await listener.close();
};
