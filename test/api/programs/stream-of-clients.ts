/**
 * Clients without end, some at a time: each connects, asks and reads the answer. A lane ends when nobody listens any more.
 * Tells its parent 'warm' when enough have been answered, and at the end how often what became of them.
 */
import { connect } from 'node:net';
import process from 'node:process';

const LANES = 40;
const WARM = 200;
/** What a path says that has been removed, and Linux of a backlog that is full for now. */
const NOBODY = new Set(['ECONNREFUSED', 'ENOENT']);
const LATER = 'EAGAIN';

const [where] = process.argv.slice(2);
const outcomes: Record<string, number> = {};
let answered = 0;

function outcome(): Promise<string> {
  return new Promise(resolve => {
    const isPort = /^\d+$/.test(where);
    const socket = isPort ? connect({ port: Number(where), host: '127.0.0.1' }) : connect({ path: where });
    let isConnected = false;
    socket.on('connect', () => {
      isConnected = true;
      socket.write('?');
    });
    socket.on('data', () => {
      resolve('answered');
      socket.destroy();
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(isConnected ? `connected, ${code}` : code!));
    socket.on('close', () => resolve('closed without an answer'));
  });
}

async function lane(): Promise<void> {
  for (;;) {
    const result = await outcome();
    if (result === 'answered' && ++answered === WARM) process.send!('warm');
    if (NOBODY.has(result)) return;
    if (result !== LATER) outcomes[result] = (outcomes[result] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: LANES }, lane));
process.send!(outcomes, () => process.disconnect());
