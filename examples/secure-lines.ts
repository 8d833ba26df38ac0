/** Says each line in capitals, over TLS: node dist/examples/secure-lines.js KEY CERT [PORT] */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { encodeLine, lines, listen, type Connection } from 'pollux';
import { secure } from 'pollux/node';

const [keyPath, certPath, port = '4433'] = process.argv.slice(2);
if (certPath === undefined) {
  console.error('usage: node dist/examples/secure-lines.js KEY CERT [PORT]');
  process.exit(2);
}
// One object for all connections: the key is parsed once, and clients resume their sessions.
const tls = { key: readFileSync(keyPath), cert: readFileSync(certPath) };

async function serve(connection: Connection): Promise<void> {
  try {
    const secured = await secure(connection, { role: 'server', tls, handshakeTimeoutMs: 10_000 });
    for await (const line of lines(secured, { maxBytes: 1024, timeoutMs: 10_000 })) {
      await secured.write(encodeLine(line.toUpperCase()));
    }
    await secured.close();
  } catch (failure) {
    console.error((failure as Error).message);
  }
}

const listener = await listen({ port: Number(port), host: '127.0.0.1' });
listener.onConnection = connection => void serve(connection);
process.once('SIGINT', () => void listener.close());
console.log(`listening on 127.0.0.1:${listener.port}`);
