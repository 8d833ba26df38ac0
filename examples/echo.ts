/** An echo server on TCP, on the path without promises: node dist/examples/echo.js [PORT] */
import process from 'node:process';
import { listen, type InternetAddress } from 'pollux';

const listener = await listen({ port: Number(process.argv[2] ?? 7), host: '127.0.0.1' });

listener.onConnection = connection => {
  connection.onData = chunk => {
    // The chunk moves from one queue to the other: no byte is copied. False says that the peer does not keep up.
    if (!connection.send(chunk)) connection.pause();
  };
  connection.onDrain = () => connection.resume();
  connection.onClose = failure => {
    if (failure !== undefined) console.error(failure.message);
  };
};

const { address, port } = listener.address as InternetAddress;
process.once('SIGINT', () => void listener.close());
console.log(`listening on ${address}:${port}`);
