/** As `tls-node`, with Pollux's `secure`. */
import { readFileSync } from 'node:fs';
import { listen, type Connection } from 'pollux';
import { secure } from 'pollux/node';
import { obey } from './control.js';

const [direction, key, cert, lengthBytes] = process.argv.slice(2);
const tls = { key: readFileSync(key), cert: readFileSync(cert) };
const chunk = Buffer.alloc(64 * 1024, 'pollux');

async function serve(connection: Connection): Promise<void> {
  const secured = await secure(connection, { role: 'server', tls });
  secured.onData = () => {};
  if (direction !== 'send') return;
  for (let sent = 0; sent < Number(lengthBytes); sent += chunk.length) await secured.write(chunk);
  secured.end();
}

const listener = await listen({ port: 0, host: '127.0.0.1' });
listener.onConnection = connection => void serve(connection);
void obey(listener.port, {});
