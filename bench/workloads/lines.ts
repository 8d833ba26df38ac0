/** Lines of 64 bytes from another process: node lines.js pollux|readline callback|iterator|batches COUNT; one line of JSON. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import process from 'node:process';
import readline from 'node:readline';
import { lines, listen } from 'pollux';

const LINE = `${'x'.repeat(63)}\n`;
const BLOCK_LINES = 1024;
/** Lines before those that count, until V8 has compiled what it will. */
const WARM_UP = 200_000;

const [, , kind, way, countText] = process.argv;
const count = Number(countText);

if (kind === 'send') await send(Number(way));
else await receive();

/** Sends all that is wanted and more: the receiver ends it. */
async function send(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => process.exit(0));
  const block = LINE.repeat(BLOCK_LINES);
  for (let sent = 0; sent < count; sent += BLOCK_LINES) if (!socket.write(block)) await once(socket, 'drain');
  socket.end();
}

async function receive(): Promise<void> {
  let received = 0;
  let characters = 0;
  let cpu = process.cpuUsage();
  let startedAt = 0n;
  const done = (): void => {
    const used = process.cpuUsage(cpu);
    const wallNs = Number(process.hrtime.bigint() - startedAt) / count;
    const cpuNs = ((used.user + used.system) * 1000) / count;
    if (characters !== received * 63) throw new Error(`what came is not what was sent: ${characters} of ${received}`);
    process.stdout.write(`${JSON.stringify({ cpuNs, wallNs })}\n`, () => process.exit(0));
  };
  const onLine = (line: string): void => {
    characters += line.length;
    if (++received === WARM_UP) {
      cpu = process.cpuUsage();
      startedAt = process.hrtime.bigint();
    } else if (received === WARM_UP + count) done();
  };
  const read = async (source: AsyncIterable<string>): Promise<void> => {
    for await (const line of source) onLine(line);
  };
  const readBatches = async (source: AsyncIterable<string[]>): Promise<void> => {
    for await (const batch of source) for (const line of batch) onLine(line);
  };
  let port: number;
  if (kind === 'pollux') {
    const listener = await listen({ port: 0, host: '127.0.0.1' });
    listener.onConnection = connection => {
      const messages = lines(connection);
      if (way === 'callback') messages.onMessage = onLine;
      else if (way === 'iterator') void read(messages);
      else void readBatches(messages.batches());
    };
    port = listener.port;
  } else {
    const server = net.createServer(input => {
      const messages = readline.createInterface({ input });
      if (way === 'callback') messages.on('line', onLine);
      else void read(messages);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  }
  fork(new URL(import.meta.url), ['send', `${port}`, `${WARM_UP + count + BLOCK_LINES}`]);
}
