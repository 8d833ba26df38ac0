/** A producer against a reader that has stopped: regression 35. */
import { expect } from 'chai';
import { backendsHere } from '../api/every-driver.js';
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

for (const backend of backendsHere()) {
  describe(`memory (${backend})`, () => {
    it('regression 35: 256 MB for a reader that has stopped: the process stays as small as it was', async () => {
      const finished = await runProgram('stopped-reader', { backend, flags: ['--expose-gc'] });
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
        expect(result.bytes).to.be.within(256 << 20, 2 ** 30 - 1);
        expect(result.grownBytes).to.be.below(FILE_LIMIT_BYTES);
        expect(result.stallCpuMs).to.be.below(STALL_CPU_MS);
      });
    }
  });
}
