/** Signals of opening files, while all threads for disks are busy. */
import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentReactor, open } from '../../../src/index.js';
import { diskPool } from '../../../src/core/disk/pool.js';
import { DISK_CALLS, DISK_CALLS_PER_DEVICE } from '../../../src/core/limits.js';
import type { Done } from '../../../src/sys/ffi/blocking-call.js';
import { openDescriptors } from '../../support/descriptors.js';
import { turns } from '../../support/sockets.js';
import { describeWait } from './waits.js';

describe('signals of opening files', () => {
  let directory: string;
  let before: string[];
  const hanging: Done[] = [];

  const letGo = (): void => {
    for (const done of hanging.splice(0)) done(0);
  };
  const untilIdle = async (): Promise<void> => {
    while (diskPool.running + diskPool.waiting > 0) {
      letGo();
      await turns(1);
    }
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    currentReactor();
    before = openDescriptors();
    // As many as one disk of this machine may have, and servers that nobody has heard of for the rest.
    const { dev } = statSync(directory);
    for (let index = 0; index < DISK_CALLS; index++) {
      diskPool.submit(
        index < DISK_CALLS_PER_DEVICE ? dev : -1_000_000 - index,
        done => hanging.push(done),
        () => {},
      );
    }
  });
  afterEach(async () => {
    await untilIdle();
    await turns();
    expect(openDescriptors()).to.deep.equal(before);
    rmSync(directory, { recursive: true });
  });
  after(() => currentReactor().close());

  for (const beneath of [undefined, 'the directory']) {
    const what = beneath === undefined ? '' : ' beneath a directory';
    describeWait(`open of a file that is to be made${what}`, () => {
      const path = join(directory, 'new');
      const where = beneath === undefined ? {} : { beneath: directory };
      return {
        begin: async options => {
          // What is no object is for `open` to refuse.
          const given = typeof options === 'object' ? { flags: 'w', ...where, ...options } : options;
          const file = await open(beneath === undefined ? path : 'new', given as never);
          await file.close();
        },
        arrive: letGo,
        check: async () => {
          await untilIdle();
          expect(existsSync(path)).to.equal(false);
        },
      };
    });
  }
});
