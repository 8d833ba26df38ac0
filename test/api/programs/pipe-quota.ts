/**
 * Joins under the kernel's own limits: with pipes to be had, with the user's pipe pages used up, and with no descriptor
 * left. Gives up root first, which has no quota. Says as JSON what each join did.
 */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { PIPE_REST_MS } from '../../../src/core/limits.js';
import { join, type Connection } from '../../../src/index.js';
import { close, dup, pipe } from '../../../src/sys/file/io.js';
import { IoError } from '../../../src/sys/ffi/io-error.js';
import { nativePipes } from '../../../src/sys/socket/splice.js';
import { receiveStream, sendStream, twoPairs } from '../../support/joined.js';

/** A user of its own: the quota is one for all processes of a user, and other runs of this program have theirs. */
const NOBODY = 100_000 + process.pid;
const TOTAL_BYTES = 8 << 20;
const LARGEST_PIPE_BYTES = 1 << 20;

async function run(): Promise<object> {
  const ends = await twoPairs('Unix');
  return move(ends.left, ends.right, ends.a, ends.b);
}

async function move(left: Connection, right: Connection, a: Connection, b: Connection): Promise<object> {
  const transfer = join(a, b);
  const received = receiveStream(right);
  await sendStream(left, TOTAL_BYTES);
  left.end();
  right.end();
  left.onData = () => {};
  const { aToB } = await transfer;
  return { path: aToB.path, fallback: aToB.fallback, bytes: (await received).lengthBytes };
}

/** Calls `take` until it is refused. */
function exhaust(take: () => void): void {
  for (;;) {
    try {
      take();
    } catch (error) {
      if (error instanceof IoError) return;
      throw error;
    }
  }
}

process.setgroups?.([]);
process.setgid?.(NOBODY);
process.setuid?.(NOBODY);

const free = await run();

const hoard: number[] = [];
exhaust(() => {
  const ends = pipe();
  hoard.push(...ends);
  nativePipes.resize(ends[1], LARGEST_PIPE_BYTES);
});
const quota = await run();
for (const fd of hoard.splice(0)) close(fd);

// The pool asks again only after a while.
await delay(PIPE_REST_MS);
const ends = await twoPairs('Unix');
exhaust(() => hoard.push(dup(1)));
const descriptors = await move(ends.left, ends.right, ends.a, ends.b);
for (const fd of hoard) close(fd);

process.stdout.write(JSON.stringify({ free, quota, descriptors }));
