/** A store of lines: PUT NAME LENGTH and a body, or GET NAME: node dist/examples/line-server.js [PORT] */
import process from 'node:process';
import { encodeLine, fixed, lines, listen, type Connection } from 'pollux';

const LIMITS = { maxBytes: 1024, timeoutMs: 10_000 };
const MAX_BODY_BYTES = 1024 * 1024;
const store = new Map<string, Uint8Array>();

async function put(connection: Connection, name: string, lengthBytes: number): Promise<void> {
  if (!(lengthBytes >= 1 && lengthBytes <= MAX_BODY_BYTES)) throw new RangeError('a length from 1 to 1 MiB, please');
  // Whatever came behind the line is read here first.
  const body = await fixed(connection, lengthBytes, { timeoutMs: LIMITS.timeoutMs }).read();
  if (body === null) throw new Error('the body is missing');
  store.set(name, body.toBytes());
}

async function serve(connection: Connection): Promise<void> {
  try {
    for (;;) {
      const line = await lines(connection, LIMITS).read();
      if (line === null) break;
      const [verb, name, length] = line.split(' ');
      if (verb === 'PUT') await put(connection, name, Number(length));
      const body = store.get(name);
      await connection.write(encodeLine(body === undefined ? 'NONE' : `${verb} ${body.length}`));
      if (verb === 'GET' && body !== undefined) await connection.write(body);
    }
    await connection.close();
  } catch (failure) {
    // EMSGSIZE: a line too long; ETIMEDOUT: one that does not come to its end; EBADMSG: a body that was cut short.
    connection.end(encodeLine((failure as Error).message));
    await connection.close();
  }
}

const listener = await listen({ port: Number(process.argv[2] ?? 4000), host: '127.0.0.1' });
listener.onConnection = connection => void serve(connection).catch(() => connection.destroy());
process.once('SIGINT', () => void listener.close());
console.log(`listening on 127.0.0.1:${listener.port}`);
