/** A program that systemd might start: serves what was passed to it, and tells its parent what that was. */
import process from 'node:process';
import { bindDatagram, inheritedSockets, listenInherited } from '../../../src/index.js';

const passed = inheritedSockets();
const environment = Object.keys(process.env).filter(name => name.startsWith('LISTEN_'));
const http = await listenInherited({ name: 'http', onConnection: connection => connection.end('http') });
const others = await listenInherited({ onConnection: connection => connection.end('other') });
for (const { fd, kind } of inheritedSockets()) {
  if (kind !== 'datagram') continue;
  const socket = await bindDatagram({ fd });
  socket.onDatagram = (bytes, from) => void socket.trySend(`echo ${bytes.toString()}`, from);
  socket.unref();
}
for (const listener of [...http, ...others]) listener.unref();
const left = inheritedSockets().length;
console.log(JSON.stringify({ passed, environment, http: http.length, others: others.length, left }));
process.stdin.on(
  'data',
  () => void Promise.all(http.map(listener => listener.drain())).then(() => console.log('drained')),
);
