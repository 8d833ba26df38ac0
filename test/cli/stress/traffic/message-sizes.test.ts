import { expect } from 'chai';
import fc from 'fast-check';
import { ALLOWED_SIZES, parseMessageSizes, SizeSource } from '../../../../src/cli/stress/traffic/message-sizes.js';

function draw(text: string, count = 10_000): number[] {
  const source = new SizeSource(parseMessageSizes(text), 1);
  return Array.from({ length: count }, () => source.next());
}

const mean = (sizes: readonly number[]) => sizes.reduce((sum, each) => sum + each, 0) / sizes.length;

describe('pollux stress: sizes of messages', () => {
  it('one size is that size', () => {
    expect(new Set(draw('16k'))).to.deep.equal(new Set([16_384]));
  });

  it('a range reaches both its ends, and nothing beyond', () => {
    const sizes = draw('64-71');
    expect(new Set(sizes)).to.deep.equal(new Set([64, 65, 66, 67, 68, 69, 70, 71]));
    expect(mean(sizes)).to.be.closeTo(67.5, 0.2);
  });

  it('weights share the messages out', () => {
    const sizes = draw('64:9,16k:1');
    expect(sizes.filter(size => size === 64).length).to.be.within(8_800, 9_200);
    expect(sizes.filter(size => size === 16_384).length).to.be.within(800, 1_200);
  });

  it('a range may have a weight too', () => {
    const sizes = draw('1-2:1,1000-1001:3');
    expect(sizes.filter(size => size >= 1000).length).to.be.within(7_300, 7_700);
  });

  it('exp: has about the mean, room for a stamp, and an end', () => {
    const sizes = draw('exp:1024');
    expect(mean(sizes)).to.be.within(980, 1_070);
    expect(Math.min(...sizes)).to.be.at.least(12);
    expect(Math.max(...sizes)).to.be.within(4_096, 16_384);
  });

  it('the same seed makes the same sizes, another one others', () => {
    const sizes = parseMessageSizes('1-1000');
    const first = (seed: number) => {
      const source = new SizeSource(sizes, seed);
      return Array.from({ length: 20 }, () => source.next());
    };
    expect(first(3)).to.deep.equal(first(3)).and.to.not.deep.equal(first(4));
  });

  it('every size that is drawn is within least and most', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.nat(5_000), fc.integer({ min: 1, max: 99 }));
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 4 }), fc.nat(), (ranges, seed) => {
        const text = ranges.map(([least, more, weight]) => `${least}-${least + more}:${weight}`).join(',');
        const sizes = parseMessageSizes(text);
        const source = new SizeSource(sizes, seed);
        for (let count = 0; count < 50; count++) expect(source.next()).to.be.within(sizes.least, sizes.most);
      }),
    );
  });

  for (const text of [
    '',
    '0',
    '17m',
    'exp:',
    'exp:11',
    '64-',
    '9-8',
    '64:0',
    '64:x',
    '64,,65',
    '1.5',
    '-64',
    'exp:64,5',
  ]) {
    it(`refuses '${text}' and says what is allowed`, () => {
      expect(() => parseMessageSizes(text)).to.throw(RangeError, ALLOWED_SIZES);
    });
  }
});
