/** Asks a server that says nothing, and gives up after a while: node dist/examples/give-up.js [MS] */
import process from 'node:process';
import { connect, listen } from 'pollux';

const listener = await listen({ port: 0, host: '127.0.0.1' });
listener.onConnection = silent => {
  silent.onData = () => {};
};
const connection = await connect({ host: '127.0.0.1', port: listener.port });
const signal = AbortSignal.timeout(Number(process.argv[2] ?? 1000));

try {
  const chunk = await connection.read({ signal });
  console.log(chunk === null ? 'it has closed' : chunk.toString());
} catch (error) {
  if (error !== signal.reason) throw error;
  // Nothing was taken: a later read would get the whole answer.
  console.log('no answer in time');
}
connection.destroy();
await listener.close();
