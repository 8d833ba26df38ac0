/** The lines of a status socket, as snapshots. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { ProcessSnapshot } from '../../observe/process-snapshot.js';

/** A line of a process with a hundred workers takes less. */
const MOST_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Connects, and gives one snapshot after another until the process closes the socket.
 *
 * @throws Error nobody listens there, or somebody who is no status socket of Pollux.
 */
export async function* framesOf(path: string): AsyncGenerator<ProcessSnapshot> {
  const socket = connect({ path });
  let lineBytes = 0;
  const failed = new Promise<NodeJS.ErrnoException>(resolve => socket.on('error', resolve));
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(10);
    lineBytes = end < 0 ? lineBytes + chunk.length : chunk.length - end;
    if (lineBytes > MOST_LINE_BYTES) socket.destroy(new Error('a line does not end'));
  });
  const lines = createInterface({ input: socket, crlfDelay: Infinity })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([lines.next(), failed]);
      if (next instanceof Error) throw new Error(explain(next, path));
      if (next.done) return;
      yield parse(next.value, path);
    }
  } finally {
    socket.destroy();
  }
}

function parse(line: string, path: string): ProcessSnapshot {
  try {
    const frame = JSON.parse(line) as ProcessSnapshot;
    if (typeof frame.pid === 'number' && typeof frame.thread.atMs === 'number') return frame;
  } catch {
    // Said below.
  }
  throw new Error(
    `${path}: whoever listens there is no status socket of Pollux; one is made by exposeStatus({ path })`,
  );
}

function explain({ code, message }: NodeJS.ErrnoException, path: string): string {
  if (code === 'ENOENT') return `${path}: there is no such socket; a program makes it by exposeStatus({ path })`;
  if (code === 'ECONNREFUSED') return `${path}: nobody listens there; the program that made it has ended`;
  if (code === 'ECONNRESET') return `${path}: the program has ended`;
  if (code === 'EACCES') return `${path}: it belongs to another user`;
  return `${path}: ${message}`;
}
