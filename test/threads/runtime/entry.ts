/** What the threads of the tests run. */
import { allowedProcessors } from '../../../src/sys/process/affinity.js';
import { connect, listen } from 'pollux';
import { currentThread } from 'pollux/threads';

const thread = currentThread();
const listener = await listen({ host: '127.0.0.1', onConnection: connection => (connection.onData = () => {}) });
const client = await connect({ host: '127.0.0.1', port: (listener.address as { port: number }).port });
thread.endpoint.answer('about', () => ({
  index: thread.index,
  name: thread.name,
  payload: thread.payload,
  peers: [...thread.peers.keys()].sort(),
  processors: allowedProcessors(),
}));
thread.endpoint.define('crash', () => {
  throw new Error('crashed as told');
});
thread.endpoint.define('spin', () => {
  for (;;);
});
thread.endpoint.define('exit', (code: number) => process.exit(code));
thread.onStop = async () => {
  client.destroy();
  await listener.close();
};
