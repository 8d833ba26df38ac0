/** The server of net.ts beside it, with Pollux: node dist/examples/from-net/pollux.js [PORT] */
import process from 'node:process';
import { listen } from 'pollux';

const listener = await listen({ port: Number(process.argv[2] ?? 7000), host: '127.0.0.1' });

listener.onConnection = connection => {
  connection.setTimeouts({ idleMs: 30_000 });
  connection.onData = chunk => {
    if (!connection.send(chunk.toString().toUpperCase())) connection.pause();
  };
  connection.onDrain = () => connection.resume();
  connection.onClose = failure => {
    if (failure !== undefined) console.error(failure.message);
  };
};

console.log(`listening on 127.0.0.1:${listener.port}`);
process.once('SIGINT', () => void listener.close());
