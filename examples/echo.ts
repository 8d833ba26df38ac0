/** An echo server on TCP, on the path without promises: node dist/examples/echo.js [PORT] */
import process from 'node:process';
import { listen } from 'pollux';

const listener = await listen({ port: Number(process.argv[2] ?? 7000), host: '127.0.0.1' });

listener.onConnection = connection => {
  connection.onData = chunk => {
    // The chunk moves from one queue to the other: no byte is copied. False says that the peer does not keep up.
    if (!connection.send(chunk)) connection.pause();
  };
  connection.onDrain = () => connection.resume();
};
console.log('listening on', listener.address);

process.once('SIGINT', () => void listener.close());
