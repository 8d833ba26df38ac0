/** TLS with Node's `tls`: `tls-node send|receive KEY CERT BYTES`. It sends so many to each client, or takes what comes. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { obey } from './control.js';

const [direction, key, cert, lengthBytes] = process.argv.slice(2);
const chunk = Buffer.alloc(64 * 1024, 'pollux');

async function send(socket: TLSSocket): Promise<void> {
  for (let sent = 0; sent < Number(lengthBytes); sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
}

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, socket => {
  socket.on('data', () => {});
  if (direction === 'send') void send(socket);
});
server.listen({ port: 0, host: '127.0.0.1' }, () => void obey((server.address() as AddressInfo).port, {}));
