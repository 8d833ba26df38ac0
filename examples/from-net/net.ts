/** A server with Node's own `net`, to compare with pollux.ts beside it: node dist/examples/from-net/net.js [PORT] */
import { createServer, type AddressInfo } from 'node:net';
import process from 'node:process';

const server = createServer(socket => {
  socket.setTimeout(30_000, () => socket.destroy());
  socket.on('data', chunk => {
    if (!socket.write(chunk.toString().toUpperCase())) socket.pause();
  });
  socket.on('drain', () => socket.resume());
  socket.on('error', failure => console.error(failure.message));
});

server.listen(Number(process.argv[2] ?? 7000), '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGINT', () => server.close());
