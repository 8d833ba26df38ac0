import { expect } from 'chai';
import fc from 'fast-check';
import { generationOf, MAX_SLOTS, nextGeneration, NO_TOKEN, slotOf, tokenOf } from '../../src/base/token.js';

const slots = fc.integer({ min: 0, max: MAX_SLOTS - 1 });
const generations = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('base: token', () => {
  it('carries slot and generation, exactly, as one safe integer', () => {
    fc.assert(
      fc.property(slots, generations, (slot, generation) => {
        const token = tokenOf(slot, generation);
        expect(Number.isSafeInteger(token)).to.equal(true);
        expect([slotOf(token), generationOf(token)]).to.deep.equal([slot, generation]);
      }),
    );
  });

  it('carries the largest slot in its last generation', () => {
    const token = tokenOf(MAX_SLOTS - 1, 2 ** 32 - 1);
    expect(token).to.equal(Number.MAX_SAFE_INTEGER);
    expect([slotOf(token), generationOf(token)]).to.deep.equal([MAX_SLOTS - 1, 2 ** 32 - 1]);
  });

  it('differs for any two lives', () => {
    fc.assert(
      fc.property(slots, generations, slots, generations, (slot, generation, otherSlot, otherGeneration) => {
        const same = slot === otherSlot && generation === otherGeneration;
        expect(tokenOf(slot, generation) === tokenOf(otherSlot, otherGeneration)).to.equal(same);
      }),
    );
  });

  it('survives a Float64Array', () => {
    const kept = new Float64Array([tokenOf(MAX_SLOTS - 1, 2 ** 32 - 1), NO_TOKEN]);
    expect([slotOf(kept[0]), kept[1]]).to.deep.equal([MAX_SLOTS - 1, NO_TOKEN]);
  });

  it('counts generations up and wraps to 0', () => {
    expect([nextGeneration(0), nextGeneration(2 ** 31 - 1), nextGeneration(2 ** 32 - 1)]).to.deep.equal([
      1,
      2 ** 31,
      0,
    ]);
  });

  it('never gives out NO_TOKEN', () => {
    fc.assert(fc.property(slots, generations, (slot, generation) => tokenOf(slot, generation) !== NO_TOKEN));
  });
});
