import { expect } from 'chai';
import { CallSize } from '../../../../src/core/transfers/files/call-size.js';
import { COPY_BYTES_PER_CALL_MAX, COPY_BYTES_PER_CALL_MIN, COPY_MS_PER_CALL } from '../../../../src/core/limits.js';

/** Sizes of the calls of a copy from a disk of that speed, the last of many. */
function sizesAt(bytesPerMs: number): number[] {
  const size = new CallSize();
  const sizes: number[] = [];
  for (let call = 0; call < 40; call++) {
    sizes.push(size.bytes);
    size.took(size.bytes, size.bytes / bytesPerMs);
  }
  return sizes.slice(20);
}

describe('the size of a call that copies', () => {
  for (const mbPerSecond of [40, 150, 600, 2_000]) {
    it(`lasts about ${COPY_MS_PER_CALL} ms at ${mbPerSecond} MB/s`, () => {
      const bytesPerMs = mbPerSecond * 1_000;
      for (const bytes of sizesAt(bytesPerMs)) {
        expect(bytes / bytesPerMs).to.be.within(COPY_MS_PER_CALL / 4, 2 * COPY_MS_PER_CALL);
      }
    });
  }

  it('has its ends', () => {
    expect(Math.max(...sizesAt(Infinity))).to.equal(COPY_BYTES_PER_CALL_MAX);
    expect(Math.min(...sizesAt(1))).to.equal(COPY_BYTES_PER_CALL_MIN);
  });

  it('learns nothing from a call that was asked for less', () => {
    const size = new CallSize();
    const before = size.bytes;
    size.took(before - 1, 0);
    expect(size.bytes).to.equal(before);
  });
});
