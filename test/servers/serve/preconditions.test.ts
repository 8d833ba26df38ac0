import { expect } from 'chai';
import fc from 'fast-check';
import { allowsRange, evaluate, type Verdict } from '../../../src/servers/serve/preconditions.js';
import { propertyRuns } from '../../property-runs.js';

const NOON = Date.UTC(2026, 10, 30, 12);
const date = (offsetMs: number) => new Date(NOON + offsetMs).toUTCString();
const STRONG = { etag: '"a"', modifiedMs: NOON };
const WEAK = { etag: 'W/"a"', modifiedMs: NOON };

type Fields = Readonly<Record<string, string>>;
const conditions = (fields: Fields) => ({ get: (name: string) => fields[name] });
const verdict = (fields: Fields, validators = STRONG) => evaluate(conditions(fields), validators);

const CASES: readonly (readonly [Fields, Verdict])[] = [
  [{}, 'send'],
  [{ 'if-match': '"a"' }, 'send'],
  [{ 'if-match': '*' }, 'send'],
  [{ 'if-match': '"b", "a"' }, 'send'],
  [{ 'if-match': '"b"' }, 'failed'],
  [{ 'if-match': 'W/"a"' }, 'failed'],
  [{ 'if-match': 'a' }, 'failed'],
  [{ 'if-match': '' }, 'failed'],
  [{ 'if-none-match': '"a"' }, 'not modified'],
  [{ 'if-none-match': 'W/"a"' }, 'not modified'],
  [{ 'if-none-match': '*' }, 'not modified'],
  [{ 'if-none-match': '"b" , W/"a"' }, 'not modified'],
  [{ 'if-none-match': '"a,b", "c"' }, 'send'],
  [{ 'if-none-match': '"b"' }, 'send'],
  [{ 'if-none-match': 'w/"a"' }, 'send'],
  [{ 'if-unmodified-since': date(0) }, 'send'],
  [{ 'if-unmodified-since': date(-1000) }, 'failed'],
  [{ 'if-unmodified-since': 'yesterday' }, 'send'],
  [{ 'if-modified-since': date(0) }, 'not modified'],
  [{ 'if-modified-since': date(1000) }, 'not modified'],
  [{ 'if-modified-since': date(-1000) }, 'send'],
  [{ 'if-modified-since': '0' }, 'send'],
  [{ 'if-modified-since': 'Monday, 30-Nov-26 12:00:00 GMT' }, 'not modified'],
  [{ 'if-modified-since': 'Mon Nov 30 12:00:00 2026' }, 'not modified'],
  // Which counts, where two speak.
  [{ 'if-match': '"a"', 'if-unmodified-since': date(-1000) }, 'send'],
  [{ 'if-none-match': '"b"', 'if-modified-since': date(0) }, 'send'],
  [{ 'if-none-match': '"a"', 'if-modified-since': date(-1000) }, 'not modified'],
  [{ 'if-match': '"b"', 'if-none-match': '"a"' }, 'failed'],
  [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 'not modified'],
];

describe('evaluate', () => {
  for (const [fields, expected] of CASES) {
    it(`${JSON.stringify(fields)}: ${expected}`, () => expect(verdict(fields)).to.equal(expected));
  }

  it('a weak tag matches where versions need only be as good as each other', () => {
    expect(verdict({ 'if-match': '"a"' }, WEAK)).to.equal('failed');
    expect(verdict({ 'if-match': 'W/"a"' }, WEAK)).to.equal('failed');
    expect(verdict({ 'if-none-match': '"a"' }, WEAK)).to.equal('not modified');
  });

  it('keeps to the order of RFC 9110, 13.2.2', () => {
    const tag = fc.constantFrom('"a"', 'W/"a"', '"b"', '*');
    const time = fc.constantFrom(date(-1000), date(0), date(1000));
    const fields = fc.record(
      { 'if-match': tag, 'if-unmodified-since': time, 'if-none-match': tag, 'if-modified-since': time },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, fc.constantFrom(STRONG, WEAK), (given, validators) => {
        expect(verdict(given, validators)).to.equal(byTheBook(given, validators.etag));
      }),
      propertyRuns(500),
    );
  });
});

describe('allowsRange', () => {
  const allowed: readonly (readonly [string | undefined, boolean, boolean])[] = [
    [undefined, true, true],
    ['"a"', true, false],
    ['"b"', false, false],
    ['W/"a"', false, false],
    [date(0), true, false],
    [date(-1000), false, false],
    [date(1000), false, false],
    ['nonsense', false, false],
  ];
  for (const [field, ofStrong, ofWeak] of allowed) {
    it(`If-Range: ${field}`, () => {
      const asked = conditions(field === undefined ? {} : { 'if-range': field });
      expect(allowsRange(asked, STRONG)).to.equal(ofStrong);
      expect(allowsRange(asked, WEAK)).to.equal(ofWeak);
    });
  }
});

/** The steps of the RFC, one after the other. */
function byTheBook(given: Fields, etag: string): Verdict {
  const strong = (field: string) => field === '*' || (field === etag && !etag.startsWith('W/'));
  const weak = (field: string) => field === '*' || field.replace('W/', '') === etag.replace('W/', '');
  if (given['if-match'] !== undefined && !strong(given['if-match'])) return 'failed';
  if (given['if-match'] === undefined && given['if-unmodified-since'] !== undefined) {
    if (NOON > Date.parse(given['if-unmodified-since'])) return 'failed';
  }
  if (given['if-none-match'] !== undefined) return weak(given['if-none-match']) ? 'not modified' : 'send';
  if (given['if-modified-since'] !== undefined && NOON <= Date.parse(given['if-modified-since'])) return 'not modified';
  return 'send';
}
