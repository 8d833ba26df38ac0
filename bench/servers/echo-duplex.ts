/** Echo by `toDuplex`: what a stream of Node costs beside the connection itself. */
import { listen } from 'pollux';
import { toDuplex } from 'pollux/node';
import { obey } from './control.js';

const listener = await listen({
  port: 0,
  host: '127.0.0.1',
  backlog: 4096,
  onConnection: connection => {
    const stream = toDuplex(connection);
    stream.on('data', (chunk: Buffer) => void stream.write(chunk));
    stream.on('error', () => {});
  },
});
void obey(listener.port, {});
