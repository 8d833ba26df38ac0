import { expect } from 'chai';
import {
  IORING_SETUP_CQSIZE,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_NO_SQARRAY,
  IORING_SETUP_SINGLE_ISSUER,
  IORING_SETUP_SUBMIT_ALL,
} from '../../../src/sys/uring/abi.js';
import { descend, setupFlagNames } from '../../../src/sys/uring/setup.js';
import { EINVAL, EPERM } from '../../../src/sys/ffi/errno.js';

/** A kernel that knows some flags, and says EINVAL to others. */
function kernelWith(known: number) {
  return (flags: number) => ((flags & ~known) === 0 ? 7 : -EINVAL);
}

const OLDEST_FIRST = [
  IORING_SETUP_CQSIZE,
  IORING_SETUP_SUBMIT_ALL,
  IORING_SETUP_SINGLE_ISSUER,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_NO_SQARRAY,
];

describe('regression 47: the ladder of flags for io_uring_setup', () => {
  for (let known = 0; known <= OLDEST_FIRST.length; known++) {
    const flags = OLDEST_FIRST.slice(0, known).reduce((sum, flag) => sum | flag, 0);

    it(`a kernel that knows ${setupFlagNames(flags).join(', ') || 'none of them'} gets just those`, () => {
      const outcome = descend(kernelWith(flags));
      expect(outcome).to.include({ result: 7, flags });
      expect(outcome.dropped).to.have.length(OLDEST_FIRST.length - known);
    });
  }

  it('says of each flag that was dropped what the kernel said and which kernel has it', () => {
    const { dropped } = descend(kernelWith(IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER));
    expect(dropped).to.deep.equal([
      'NO_SQARRAY (EINVAL: it came with Linux 6.6)',
      'DEFER_TASKRUN (EINVAL: it came with Linux 6.1)',
    ]);
  });

  it('any other refusal ends it at once', () => {
    let attempts = 0;
    const outcome = descend(() => {
      attempts++;
      return -EPERM;
    });
    expect(outcome).to.include({ result: -EPERM });
    expect(outcome.dropped).to.deep.equal([]);
    expect(attempts).to.equal(1);
  });

  it('a kernel that refuses even no flag at all is believed', () => {
    expect(descend(() => -EINVAL).result).to.equal(-EINVAL);
  });
});
