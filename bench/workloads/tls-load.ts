/** The peer of a server with TLS: `tls-load PORT send|receive BYTES`. It sends so many, or takes all until the end. */
import { once } from 'node:events';
import { connect } from 'node:tls';

const [port, direction, lengthBytes] = process.argv.slice(2);
const chunk = Buffer.alloc(64 * 1024, 'pollux');
// The certificate of the servers is known to nobody.
const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
await once(socket, 'secureConnect');
socket.resume();
if (direction === 'send') {
  for (let sent = 0; sent < Number(lengthBytes); sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
}
await once(socket, 'close');
console.log(JSON.stringify({ receivedBytes: socket.bytesRead }));
