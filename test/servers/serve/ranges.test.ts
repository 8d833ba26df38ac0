import { expect } from 'chai';
import fc from 'fast-check';
import { contentRange, selectRanges, type ByteRange } from '../../../src/servers/serve/ranges.js';
import { propertyRuns } from '../../property-runs.js';

const SIZE = 100;

const CASES: Readonly<Record<string, ReturnType<typeof selectRanges>>> = {
  'bytes=0-0': [{ offset: 0, length: 1 }],
  'bytes=0-': [{ offset: 0, length: SIZE }],
  'bytes=99-': [{ offset: 99, length: 1 }],
  'bytes=-1': [{ offset: 99, length: 1 }],
  'bytes=-1000': [{ offset: 0, length: SIZE }],
  'bytes=90-1000': [{ offset: 90, length: 10 }],
  'BYTES = 0-4': [{ offset: 0, length: 5 }],
  'bytes=0-4, 10-14': [
    { offset: 0, length: 5 },
    { offset: 10, length: 5 },
  ],
  'bytes=10-14,0-4': [
    { offset: 10, length: 5 },
    { offset: 0, length: 5 },
  ],
  'bytes=0-4,5-9': [{ offset: 0, length: 10 }],
  'bytes=0-4,20-24,2-30': [{ offset: 0, length: 31 }],
  'bytes=0-4,,10-14': [
    { offset: 0, length: 5 },
    { offset: 10, length: 5 },
  ],
  'bytes=0-4,200-': [{ offset: 0, length: 5 }],
  'bytes=100-': 'nothing',
  'bytes=-0': 'nothing',
  'bytes=100-200,300-': 'nothing',
  'bytes=5-4': 'whole',
  'bytes=-': 'whole',
  'bytes=': 'whole',
  'bytes=a-b': 'whole',
  'bytes=0x1-2': 'whole',
  'bytes=1 -2': 'whole',
  'bytes=0-4,x': 'whole',
  'lines=0-4': 'whole',
  bytes: 'whole',
  [`bytes=${Array.from({ length: 17 }, (_, index) => `${index * 4}-${index * 4}`).join()}`]: 'whole',
};

describe('selectRanges', () => {
  for (const [field, expected] of Object.entries(CASES)) {
    it(`${field.slice(0, 40)} of ${SIZE} bytes`, () => expect(selectRanges(field, SIZE)).to.deep.equal(expected));
  }

  it('no range of an empty file is there', () => {
    expect(selectRanges('bytes=0-', 0)).to.equal('nothing');
    expect(selectRanges('bytes=-5', 0)).to.equal('nothing');
  });

  it('sends just the bytes that were asked for, none twice', () => {
    const range = fc.tuple(fc.nat(120), fc.nat(120)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
    const suffix = fc.nat(120).map(length => `-${length}`);
    const open = fc.nat(120).map(from => `${from}-`);
    const fields = fc.array(fc.oneof(range, suffix, open), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(fields, fc.nat(110), (parts, size) => {
        const selection = selectRanges(`bytes=${parts.join(', ')}`, size);
        const wanted = wantedBytes(parts, size);
        const ranges = selection === 'nothing' ? [] : (selection as readonly ByteRange[]);
        const sent = ranges.flatMap(({ offset, length }) => Array.from({ length }, (_, index) => offset + index));
        expect(sent.sort((a, b) => a - b)).to.deep.equal(wanted);
      }),
      propertyRuns(300),
    );
  });

  it('contentRange has the last byte, not the one behind it', () => {
    expect(contentRange({ offset: 2, length: 3 }, 10)).to.equal('bytes 2-4/10');
  });
});

/** The plainest way to say what ranges ask for. */
function wantedBytes(parts: readonly string[], size: number): number[] {
  return Array.from({ length: size }, (_, index) => index).filter(index =>
    parts.some(part => {
      const [from, to] = part.split('-');
      if (from === '') return index >= size - Number(to);
      return index >= Number(from) && (to === '' || index <= Number(to));
    }),
  );
}
