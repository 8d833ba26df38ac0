/** Files of one folder, opened at the start, over just enough HTTP: the folder is the argument. */
import { openSync, fstatSync, readdirSync } from 'node:fs';
import { BufferList, currentReactor, listen, sendFile, type Connection } from 'pollux';
import { obey } from './control.js';

interface ServedFile {
  readonly fd: number;
  readonly head: Uint8Array;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const folder = process.argv[2];
const files = new Map<string, ServedFile>();
for (const name of readdirSync(folder)) {
  const fd = openSync(`${folder}/${name}`, 'r');
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${fstatSync(fd).size}\r\nConnection: keep-alive\r\n\r\n`;
  files.set(`/${name}`, { fd, head: Buffer.from(head) });
}

function answer(connection: Connection, head: string): void {
  const file = files.get(head.slice(4, head.indexOf(' ', 4)));
  if (file === undefined) connection.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  else sendFile(connection, file, { before: file.head }).catch((failure: Error) => connection.destroy(failure));
}

const listener = await listen({
  port: 0,
  host: '127.0.0.1',
  backlog: 4096,
  onConnection: connection => {
    const received = new BufferList();
    connection.onData = chunk => {
      received.append(chunk);
      for (let end = received.indexOf(END_OF_HEAD); end >= 0; end = received.indexOf(END_OF_HEAD)) {
        answer(connection, received.toString('latin1'));
        received.consume(end + END_OF_HEAD.length);
      }
    };
    connection.onClose = () => received.release();
  },
});

const { driver } = currentReactor();
void obey((listener.address as { port: number }).port, {
  counters: () => ({ backendCalls: driver.backend.counters.systemCalls, operationCalls: driver.counters.systemCalls }),
});
