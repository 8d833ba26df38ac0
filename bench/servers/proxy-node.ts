/** A TCP proxy with Node's `net`: two pipes a connection, to the port that the command line names. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { obey } from './control.js';

const port = Number(process.argv[2]);
const server = createServer({ noDelay: true, allowHalfOpen: true }, client => {
  const upstream = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  client.pipe(upstream).pipe(client);
  for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  void obey((server.address() as AddressInfo).port, {});
});
