import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { uringFactory } from '../../../src/backends/uring/factory.js';
import { ETIMEDOUT } from '../../../src/sys/ffi/errno.js';
import { Ring } from '../../../src/sys/uring/ring.js';

const ETIME = 62;

/** Mappings of rings in this process. */
function mappings(): number {
  return readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .filter(line => line.includes('[io_uring]')).length;
}

describe('a ring', () => {
  let ring: Ring;

  before(function () {
    if (!uringFactory.probe().available) this.skip();
  });

  beforeEach(() => {
    ring = new Ring({ submissions: 4, completions: 8 });
  });

  afterEach(() => ring.close());

  /** Low and high words of all completions, read. */
  function take(): [number, number][] {
    const taken: [number, number][] = [];
    for (let index = 0; index < ring.count; index++) taken.push([ring.low(index), ring.high(index)]);
    ring.seen(ring.count);
    return taken;
  }

  it('carries 64 bits of user data as two words', () => {
    const words: [number, number][] = [
      [0, 0],
      [0xffffffff, 0xfffffffe],
      [1, 0x80000000],
    ];
    for (const [low, high] of words) ring.prepareNop({ low, high });
    expect(ring.enter(3, 1e9)).to.equal(0);
    expect(take()).to.deep.equal(words);
  });

  it('counts what is prepared, and knows when it is full', () => {
    for (let count = 0; count < 4; count++) {
      expect([ring.prepared, ring.isFull]).to.deep.equal([count, false]);
      ring.prepareNop({ low: count, high: 0 });
    }
    expect(ring.isFull).to.equal(true);
    ring.enter(0, -1);
    expect(ring.prepared).to.equal(0);
  });

  it('goes round: a thousand submissions complete in their order', () => {
    const seen: number[] = [];
    for (let low = 0; low < 1000; low += 4) {
      for (let step = 0; step < 4; step++) ring.prepareNop({ low: low + step, high: 9 });
      expect(ring.enter(4, 1e9)).to.equal(0);
      seen.push(...take().map(([word]) => word));
    }
    expect(seen).to.deep.equal(Array.from({ length: 1000 }, (_, index) => index));
  });

  it('regression 46: completions beyond its room wait in the kernel, and none is lost', () => {
    for (let low = 0; low < 40; low += 4) {
      for (let step = 0; step < 4; step++) ring.prepareNop({ low: low + step, high: 0 });
      ring.enter(0, -1);
    }
    expect(ring.count).to.equal(8);
    expect(ring.hasOverflown).to.equal(true);
    const seen: number[] = [];
    for (let calls = 0; calls < 10 && seen.length < 40; calls++) {
      seen.push(...take().map(([word]) => word));
      ring.enter(0, -1);
    }
    expect(seen).to.deep.equal(Array.from({ length: 40 }, (_, index) => index));
    expect(ring.hasOverflown).to.equal(false);
  });

  for (const timeoutNs of [1, 999_999_999.5, 1e6]) {
    it(`a wait of ${timeoutNs} ns is not shorter, and says ETIME`, () => {
      const start = process.hrtime.bigint();
      expect(ring.enter(1, timeoutNs)).to.equal(ETIME).and.not.equal(ETIMEDOUT);
      expect(Number(process.hrtime.bigint() - start)).to.be.at.least(timeoutNs);
    });
  }

  it('gives its memory back when it is closed', () => {
    const before = mappings();
    for (let round = 0; round < 20; round++) new Ring({ submissions: 4, completions: 8 }).close();
    expect(mappings()).to.equal(before);
  });
});
