import { expect } from 'chai';
import {
  abortSignal,
  anything,
  boolean,
  bytesAtMost,
  bytesPerSecond,
  callback,
  checkOptions,
  integer,
  milliseconds,
  nested,
  oneOf,
  optional,
  required,
  valuesOf,
  type OptionTable,
} from '../../src/base/options.js';

interface Options {
  readonly port?: number;
  readonly noDelay?: boolean;
  readonly flags: 'r' | 'w';
}

const TABLE = {
  port: integer(0, 65_535, 80),
  noDelay: boolean(),
  flags: required((name, given: 'r' | 'w') => {
    if (given !== 'r' && given !== 'w') throw new TypeError(`${name}: missing`);
  }),
} satisfies OptionTable<Options>;

describe('tables of options', () => {
  it('give what was given, or the default', () => {
    expect(valuesOf(TABLE, { flags: 'r' })).to.deep.equal({ port: 80, noDelay: undefined, flags: 'r' });
    const given = { port: 0, noDelay: false, flags: 'w' };
    expect(valuesOf(TABLE, given)).to.deep.equal(given);
    expect(valuesOf(TABLE, { port: undefined, flags: 'w' }).port).to.equal(80);
  });

  it('refuse a name that is none, an inherited one too, before they look at values', () => {
    const message = "options: 'prt' is no option; allowed: flags, noDelay, port";
    expect(() => valuesOf(TABLE, { prt: 1, port: -1 })).to.throw(TypeError, message);
    expect(() => valuesOf(TABLE, Object.create({ prt: 1 }) as object)).to.throw(TypeError, message);
    expect(() => checkOptions(TABLE, { toString: 1 })).to.throw(TypeError, "'toString' is no option");
    expect(() => valuesOf(TABLE, null as never, 'limits')).to.throw(TypeError, 'limits: null; allowed: an object');
  });

  it('ask for an option that is required, unless only those that were given are checked', () => {
    expect(() => valuesOf(TABLE, {})).to.throw(TypeError, 'flags: missing');
    expect(() => checkOptions(TABLE, {})).not.to.throw();
    expect(() => checkOptions(TABLE, { port: 70_000 })).to.throw(RangeError, 'port: 70000; allowed');
  });

  const refused: [
    row: (name: string, given: never) => unknown,
    given: unknown,
    error: ErrorConstructor,
    message: string,
  ][] = [
    [integer(0, 65_535), 70_000, RangeError, 'x: 70000; allowed: integers from 0 to 65535'],
    [integer(0, 65_535), '80', RangeError, "x: '80'; allowed: integers"],
    [boolean(), 1, TypeError, 'x: 1; allowed: true, false'],
    [oneOf(['off', 'on']), Symbol('on'), TypeError, 'x: symbol; allowed: off, on'],
    [milliseconds(), -1, RangeError, 'x: -1; allowed: milliseconds from 0'],
    [bytesAtMost('all'), 1.5, RangeError, 'x: 1.5; allowed: integers from 0, Infinity for all'],
    [bytesPerSecond(), 0, RangeError, 'x: 0; allowed: numbers above 0, Infinity for no limit'],
    [abortSignal(), {}, TypeError, 'signal: Object; allowed: an AbortSignal'],
    [callback(), null, TypeError, 'x: null; allowed: a function'],
    [nested({ least: integer(1, 2) }), { least: 3 }, RangeError, 'x.least: 3; allowed: integers from 1 to 2'],
    [nested({ least: integer(1, 2) }), { most: 3 }, TypeError, "x: 'most' is no option; allowed: least"],
  ];
  for (const [row, given, error, message] of refused) {
    it(message, () => {
      expect(() => row('x', given as never)).to.throw(error, message);
    });
  }

  it('take Infinity where it stands for all, and anything where it is checked later', () => {
    expect(bytesAtMost('all')('x', Infinity)).to.equal(Infinity);
    expect(anything<symbol>()('x', Symbol.iterator)).to.equal(Symbol.iterator);
    expect(nested({ least: integer(1, 2, 1) })('x', undefined)).to.deep.equal({ least: 1 });
    expect(optional((_: string, given: number) => void given)('x', undefined)).to.equal(undefined);
  });
});
