/** A producer against a reader that has stopped: regression 35. */
import { expect } from 'chai';
import { backendsHere } from '../api/every-driver.js';
import { runProgram } from '../api/child.js';

const LIMIT_BYTES = 8 << 20;

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
  });
}
