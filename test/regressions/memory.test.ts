/** A producer against a reader that has stopped: regression 35. */
import { expect } from 'chai';
import process from 'node:process';
import { backendsHere } from '../support/every-driver.js';
import { runProgram } from '../api/child.js';

const LIMIT_BYTES = 8 << 20;
const FILE_LIMIT_BYTES = 4 << 20;
/** Of 400 ms: what two timers of the test and Node itself take on a busy machine. A spin takes nearly all of it. */
const STALL_CPU_MS = 150;

/** What programs/stalled-send-file.ts says. */
interface StalledFile {
  readonly path: string;
  readonly bytes: number;
  readonly grownBytes: number;
  readonly stallCpuMs: number;
}

/** A pair of ends, of programs/stopped-transfers.ts. */
interface StoppedTransfer {
  readonly ends: string;
  readonly path: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly grownBytes: number;
}

/** The paths, and how many pairs of ends each serves. */
const PATHS = { sendfile: 3, splice: 11, so_splice: 6, buffers: 11, 'buffers of files': 6 };
/** What a pipe of the relay may hold, or the buffers of a disk that lags. */
const MOST_HELD_BYTES = 1 << 20;

describe('memory of transfers', () => {
  for (const [path, pairs] of Object.entries(PATHS)) {
    // Only Linux splices, and has sendfile into pipes.
    if (process.platform !== 'linux' && (path === 'splice' || path === 'sendfile')) continue;
    it(`regression 35: 1 GiB for a reader that has stopped, by ${path} between all that it serves`, async () => {
      const finished = await runProgram('stopped-transfers', { args: [path], flags: ['--expose-gc'] });
      expect(finished).to.include({ status: 0, stderr: '' });
      const rows = JSON.parse(finished.stdout) as StoppedTransfer[];
      expect(rows.length).to.equal(pairs);
      for (const { ends, path: used, bytesIn, bytesOut, grownBytes } of rows) {
        expect(used, ends).to.equal(path.replace(' of files', ''));
        expect(bytesOut, ends).to.be.within(12 << 20, 64 << 20);
        expect(bytesIn - bytesOut, ends).to.be.at.most(MOST_HELD_BYTES);
        expect(grownBytes, ends).to.be.below(FILE_LIMIT_BYTES);
      }
    });
  }
});

for (const backend of backendsHere()) {
  describe(`memory (${backend})`, () => {
    it('regression 35: 256 MB for a reader that has stopped: the process stays as small as it was', async () => {
      // V8's own threads take and keep some megabytes of their own, now and then more than the limit.
      const flags = ['--expose-gc', '--single-threaded'];
      const finished = await runProgram('stopped-reader', { backend, flags });
      expect(finished).to.include({ status: 0, stderr: '' });
      const result = JSON.parse(finished.stdout) as { grownBytes: number; receivedBytes: number; heldBytes: number };
      expect(result.receivedBytes).to.equal(256 << 20);
      expect(result.grownBytes).to.be.below(LIMIT_BYTES);
      expect(result.heldBytes).to.be.at.most(1 << 20);
    });

    for (const path of ['sendfile', 'buffers']) {
      it(`regression 35: a file of 1 GiB by ${path} for a reader that has stopped: no memory, no CPU time`, async () => {
        const finished = await runProgram('stalled-send-file', { backend, args: [path], flags: ['--expose-gc'] });
        expect(finished).to.include({ status: 0, stderr: '' });
        const result = JSON.parse(finished.stdout) as StalledFile;
        expect(result.path).to.equal(path);
        expect(result.bytes).to.be.within(96 << 20, 2 ** 30 - 1);
        expect(result.grownBytes).to.be.below(FILE_LIMIT_BYTES);
        expect(result.stallCpuMs).to.be.below(STALL_CPU_MS);
      });
    }
  });
}
