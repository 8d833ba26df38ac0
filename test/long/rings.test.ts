/** Threads and processes that end with polls under way in rings: what they leave, and whether the kernel still writes. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { currentReactor } from 'pollux';
import { backendFactory } from 'pollux/backends';
import { Random } from '../../src/base/random.js';

const ROUNDS = 500;
const AT_A_TIME = 4;
/** The longest that a thread lives once it has loaded Pollux. */
const LONGEST_MS = 50;
const EXITS = 20;
/** Memory that is given out after a thread has ended, where memory of its ring may have been. */
const CANARIES = 16;
const CANARY_BYTES = 65_536;
const CANARY = 0x5a;
const MODES = ['level', 'edge', 'oneshot'];
const PATIENCE_MS = 30_000;

/** Whether a descriptor is a socket, an eventfd, a ring: a file is a module that Node was loading as its thread was ended. */
function isNoFile(fd: string): boolean {
  try {
    return !readlinkSync(`/proc/self/fd/${fd}`).startsWith('/');
  } catch {
    // It was that of the listing.
    return false;
  }
}

/** Descriptors, and mappings of rings. */
function held(): { descriptors: number; mappings: number } {
  const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
  return {
    descriptors: readdirSync('/proc/self/fd').filter(isNoFile).length,
    mappings: maps.filter(line => line.includes('[io_uring]')).length,
  };
}

function until(condition: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const end = Date.now() + PATIENCE_MS;
    const look = (): void => {
      if (condition() || Date.now() > end) resolve();
      else setTimeout(look, 10);
    };
    look();
  });
}

/** Starts a thread with a ring and ends it at a random moment. @returns whether it had all its connections by then. */
async function endAtRandom(random: Random): Promise<boolean> {
  const worker = new Worker(new URL('ring-entry.js', import.meta.url), {
    workerData: { mode: MODES[random.below(MODES.length)] },
  });
  let isLoaded = false;
  let isUp = false;
  worker.on('message', what => (what === 'up' ? (isUp = true) : (isLoaded = true)));
  const ended = new Promise(resolve => worker.once('exit', resolve));
  await until(() => isLoaded);
  await new Promise(resolve => setTimeout(resolve, random.below(LONGEST_MS)));
  // Half of them end in the midst of what they do for good.
  if (random.below(2) === 0) await until(() => isUp);
  await worker.terminate();
  await ended;
  return isUp;
}

describe('the end of threads and processes with polls under way in rings', function () {
  before(function () {
    if (!backendFactory('io_uring').probe().available) this.skip();
  });

  it(`regression 45: ${ROUNDS} threads that are terminated leave no descriptor, no mapping, and no write`, async () => {
    // What is opened once is open then.
    currentReactor();
    const random = new Random(45);
    await endAtRandom(random);
    const before = held();
    const canaries: Uint8Array[] = [];
    let up = 0;
    for (let round = 0; round < ROUNDS; round += AT_A_TIME) {
      const ends = await Promise.all(Array.from({ length: AT_A_TIME }, () => endAtRandom(random)));
      up += ends.filter(isUp => isUp).length;
      canaries.push(new Uint8Array(CANARY_BYTES).fill(CANARY));
      if (canaries.length > CANARIES) {
        const oldest = canaries.shift()!;
        expect(
          oldest.every(byte => byte === CANARY),
          `memory given out before round ${round}`,
        ).to.equal(true);
      }
    }
    for (const canary of canaries) expect(canary.every(byte => byte === CANARY)).to.equal(true);
    await until(() => held().descriptors <= before.descriptors);
    expect(held()).to.deep.equal(before);
    expect(up, 'threads that were in the midst of it').to.be.at.least(ROUNDS / 4);
    currentReactor().close();
  }).timeout(1_200_000);

  it(`regression 45: a process ends at any moment, ${EXITS} times`, () => {
    const script = fileURLToPath(new URL('ring-exit.js', import.meta.url));
    const random = new Random(46);
    for (let round = 0; round < EXITS; round++) {
      const args = [script, `${1 + random.below(3)}`, `${random.below(10)}`];
      const { status, signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: PATIENCE_MS });
      expect({ status, signal, stderr }, `round ${round}`).to.deep.equal({ status: 7, signal: null, stderr: '' });
    }
  }).timeout(1_200_000);
});
