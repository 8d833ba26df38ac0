/** Short connections, of one kind, for strace to count what they cost: from the line with the port until standard input ends. */
import { once } from 'node:events';
import { accessSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { connect, join, listen, open, sendFile, type Connection } from 'pollux';
import { createProxy } from 'pollux/servers';

const [kind, port, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const host = process.argv[5];

function mark(name: string): void {
  try {
    accessSync(`/pollux-${name}`);
  } catch {
    // It is there for the trace alone.
  }
}

const directory = mkdtempSync(joinPath(tmpdir(), 'pollux-short-'));
writeFileSync(joinPath(directory, 'file'), 'x'.repeat(100));
const path = joinPath(directory, 'file');
const file = await open(path);

async function answerWithFile(connection: Connection): Promise<void> {
  const asked = await connection.read();
  await using opened = await open(path);
  using body = await opened.read(opened.statAtOpen.sizeBytes, 0);
  await connection.write(body);
  await connection.close();
  asked?.release();
}

const SERVERS: Record<string, (connection: Connection) => void> = {
  echo: connection => {
    connection.onData = chunk => {
      connection.send(chunk);
    };
  },
  sendFile: connection => {
    connection.onData = () => {
      void sendFile(connection, file).then(() => connection.close());
    };
  },
  file: connection => void answerWithFile(connection),
  join: client => {
    void connect({ host, port }).then(upstream => join(client, upstream));
  },
};

if (kind === 'connect') {
  mark('begin');
  for (let made = 0; made < count; made++) {
    const connection = await connect({ host, port });
    connection.send('x');
    await connection.read();
    await connection.close();
  }
  mark('end');
} else if (kind === 'proxy') {
  const proxy = await createProxy({ listen: { port: 0, host }, pool: { upstreams: [{ host, port }] } });
  mark('begin');
  console.log(proxy.listeners[0].port);
  await once(process.stdin.resume(), 'end');
  mark('end');
} else {
  const listener = await listen({ port: 0, host, onConnection: SERVERS[kind] });
  mark('begin');
  console.log(listener.port);
  await once(process.stdin.resume(), 'end');
  mark('end');
}
rmSync(directory, { recursive: true });
process.exit(0);
