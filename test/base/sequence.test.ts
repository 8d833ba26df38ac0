import { expect } from 'chai';
import { following, followingFree, isBefore, stepsBetween, stepsUpTo } from '../../src/base/sequence.js';

const LAST = 2 ** 31 - 1;
const FIRST = -(2 ** 31);

describe('numbers that wrap', () => {
  it('go on after the last, and compare across it and across zero', () => {
    expect(following(LAST)).to.equal(FIRST);
    expect(following(-1)).to.equal(0);
    for (const [before, after] of [
      [LAST, FIRST],
      [-1, 0],
      [5, 6],
      [LAST - 10, FIRST + 10],
    ]) {
      expect(isBefore(before, after)).to.equal(true);
      expect(isBefore(after, before)).to.equal(false);
      expect(stepsBetween(before, after)).to.be.above(0);
      expect(stepsBetween(after, before)).to.equal(-stepsBetween(before, after));
    }
    expect(isBefore(7, 7)).to.equal(false);
    expect(stepsUpTo(1, 0)).to.equal(2 ** 32 - 1);
  });

  it('pass over those that are in use', () => {
    const used = new Set([LAST, FIRST, FIRST + 1]);
    expect(followingFree(LAST - 1, number => used.has(number))).to.equal(FIRST + 2);
  });
});
