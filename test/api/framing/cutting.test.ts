import { expect } from 'chai';
import process from 'node:process';
import fc from 'fast-check';
import type { Frames } from '../../../src/index.js';
import {
  BufferList,
  delimited,
  encodeDelimited,
  encodeLengthPrefixed,
  encodeLine,
  fixed,
  lengthPrefixed,
  lines,
  type FrameSource,
  type LengthPrefixOptions,
} from '../../../src/index.js';
import { rejection } from '../../support/sockets.js';
import { propertyRuns } from '../../property-runs.js';

type AnyFrames = Frames<string> | Frames<BufferList>;

/** The bytes in pieces of the given lengths, again and again. */
async function* inPieces(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const end = start + lengths[turn % lengths.length];
    yield await Promise.resolve(bytes.subarray(start, end));
    start = end;
  }
}

/** As text of one byte a character, so that it can be compared. */
async function collect(frames: AnyFrames): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of frames as Frames<string | BufferList>) {
    messages.push(typeof message === 'string' ? message : message.toString('latin1'));
  }
  return messages;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
/** Few values, so that delimiters and their beginnings are frequent. */
const bodies = fc.array(fc.array(fc.constantFrom(13, 10, 97, 200), { maxLength: 30 }), { maxLength: 30 });

describe('framing: messages come back as they were sent, wherever the stream is cut', () => {
  it('lines', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 30 }).map(text => text.replaceAll(/[\r\n]/g, ''));
    const newlines = fc.array(fc.constantFrom('\n' as const, '\r\n' as const), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 200 }), newlines, cuts, async (sent, ends, lengths) => {
        const text = sent.map((each, turn) => encodeLine(each, { newline: ends[turn % ends.length] })).join('');
        const bytes = Buffer.from(text);
        expect(await collect(lines(inPieces(bytes, lengths)))).to.deep.equal(sent);
        expect(await collect(lines(inPieces(bytes, [bytes.length + 1])))).to.deep.equal(sent);
      }),
      propertyRuns(150),
    );
  });

  it('lines, as the plainest program would cut them, of any bytes and bound', async () => {
    const bounds = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(bodies, bounds, cuts, async (parts, maxBytes, lengths) => {
        const bytes = Uint8Array.from(parts.flat());
        const pieces = latin1(bytes).split('\n');
        const last = pieces.pop()!;
        const expected = pieces.map(piece => (piece.endsWith('\r') ? piece.slice(0, -1) : piece));
        if (last !== '') expected.push(last);
        const tooLong = expected.findIndex(each => each.length > maxBytes);
        const got: string[] = [];
        let code: string | undefined;
        try {
          for await (const each of lines(inPieces(bytes, lengths), { maxBytes, encoding: 'latin1' })) got.push(each);
        } catch (error) {
          ({ code } = error as { code?: string });
        }
        expect(got).to.deep.equal(tooLong < 0 ? expected : expected.slice(0, tooLong));
        expect(code).to.equal(tooLong < 0 ? undefined : 'EMSGSIZE');
      }),
      propertyRuns(300),
    );
  });

  it('delimited, by delimiters whose beginnings come again in themselves', async () => {
    const delimiters = fc.constantFrom('\n', '\r\n', 'aa', 'aab', 'abaab', '\r\n\r\n');
    const texts = fc.array(fc.array(fc.constantFrom('a', 'b', '\r', '\n'), { maxLength: 20 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(texts, delimiters, cuts, async (parts, delimiter, lengths) => {
        const text = parts.flat().join('');
        const expected = text.split(delimiter);
        const last = expected.pop()!;
        const bytes = Buffer.from(text);
        const got = await collect(delimited(inPieces(bytes, lengths), delimiter, { unterminated: 'message' }));
        expect(got).to.deep.equal(last === '' ? expected : [...expected, last]);
        const frames = Buffer.concat(expected.map(each => encodeDelimited(Buffer.from(each), '\0').toBytes()));
        expect(await collect(delimited(inPieces(frames, lengths), '\0'))).to.deep.equal(expected);
      }),
      propertyRuns(300),
    );
  });

  const PREFIXES: LengthPrefixOptions[] = [
    ...([1, 2, 3, 4, 8] as const).flatMap(bytes => [
      { bytes, endian: 'big' as const },
      { bytes, endian: 'little' as const },
    ]),
    { bytes: 'varint' },
    { bytes: 4, adjustBytes: -4 },
    { bytes: 3, adjustBytes: -3, endian: 'little' },
  ];

  it('lengthPrefixed, by every kind of length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PREFIXES), bodies, cuts, async (prefix, sent, lengths) => {
        const long = [...sent, new Array<number>(250).fill(97)];
        const bytes = Buffer.concat(long.map(each => encodeLengthPrefixed(Uint8Array.from(each), prefix).toBytes()));
        const expected = long.map(each => latin1(Uint8Array.from(each)));
        expect(await collect(lengthPrefixed(inPieces(bytes, lengths), prefix))).to.deep.equal(expected);
      }),
      propertyRuns(300),
    );
  });

  it('lengthPrefixed behind a header, with it and without it', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, cuts, async (sent, lengths) => {
        const options = { bytes: 4, offset: 1, adjustBytes: -4 } as const;
        const frames = sent.map(each => {
          const rest = encodeLengthPrefixed(Uint8Array.from(each), { bytes: 4, adjustBytes: -4 });
          return Buffer.concat([Buffer.from('Q'), rest.toBytes()]);
        });
        const bytes = Buffer.concat(frames);
        const kept = await collect(lengthPrefixed(inPieces(bytes, lengths), { ...options, header: 'keep' }));
        expect(kept).to.deep.equal(frames.map(latin1));
        const dropped = await collect(lengthPrefixed(inPieces(bytes, lengths), options));
        expect(dropped).to.deep.equal(sent.map(each => latin1(Uint8Array.from(each))));
      }),
      propertyRuns(200),
    );
  });

  it('fixed', async () => {
    const counts = fc.integer({ min: 1, max: 50 });
    await fc.assert(
      fc.asyncProperty(counts, counts, cuts, async (lengthBytes, count, lengths) => {
        const sent = Array.from({ length: count }, (_, turn) => String.fromCharCode(33 + turn).repeat(lengthBytes));
        const bytes = Buffer.from(sent.join(''), 'latin1');
        expect(await collect(fixed(inPieces(bytes, lengths), lengthBytes))).to.deep.equal(sent);
      }),
      propertyRuns(200),
    );
  });

  it('framings in turn: each begins where the one before was left', async () => {
    const steps = fc.array(fc.constantFrom('line', 'fixed', 'prefixed', 'record'), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, cuts, async (kinds, lengths) => {
        const encoded = {
          line: Buffer.from('é, a line\r\n'),
          fixed: Buffer.from('12345'),
          prefixed: encodeLengthPrefixed('a body', { bytes: 2 }).toBytes(),
          record: Buffer.from('a record\0\0'),
        };
        const source = inPieces(Buffer.concat(kinds.map(kind => encoded[kind as 'line'])), lengths);
        const readers: Record<string, () => Promise<string | undefined>> = {
          line: async () => (await lines(source).read()) ?? undefined,
          fixed: async () => (await fixed(source, 5).read())?.toString(),
          prefixed: async () => (await lengthPrefixed(source, { bytes: 2 }).read())?.toString(),
          record: async () => (await delimited(source, '\0\0').read())?.toString(),
        };
        const said = { line: 'é, a line', fixed: '12345', prefixed: 'a body', record: 'a record' };
        for (const kind of kinds) expect(await readers[kind]()).to.equal(said[kind as 'line']);
        expect(await lines(source).read()).to.equal(null);
      }),
      propertyRuns(200),
    );
  });
});

describe('framing: what is wrong with a stream', () => {
  async function codeOf(frames: AnyFrames): Promise<string | undefined> {
    return (await rejection(collect(frames))).code;
  }
  const from = (text: string, ...lengths: number[]): FrameSource =>
    inPieces(Buffer.from(text, 'latin1'), lengths.length === 0 ? [1] : lengths);

  it('a message over the bound is EMSGSIZE before it is complete, and one of the bound is none', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(Buffer.from('aaaa'));
    }
    expect(await codeOf(lines(endless(), { maxBytes: 100 }))).to.equal('EMSGSIZE');
    expect(await codeOf(delimited(endless(), 'ab', { maxBytes: 100 }))).to.equal('EMSGSIZE');
    expect(await codeOf(delimited(endless(), '\n', { maxBytes: 100 }))).to.equal('EMSGSIZE');
    expect(await collect(lines(from('abc\r\nabc\nabc'), { maxBytes: 3 }))).to.deep.equal(['abc', 'abc', 'abc']);
    expect(await codeOf(lines(from('abcd\n'), { maxBytes: 3 }))).to.equal('EMSGSIZE');
    expect(await codeOf(lines(from('abcd'), { maxBytes: 3 }))).to.equal('EMSGSIZE');
    expect(await collect(delimited(from('abc--'), '--', { maxBytes: 3 }))).to.deep.equal(['abc']);
    expect(await codeOf(delimited(from('abcd--'), '--', { maxBytes: 3 }))).to.equal('EMSGSIZE');
  });

  it('a length over the bound is EMSGSIZE before a byte of the body has come', async () => {
    expect(await codeOf(lengthPrefixed(from('\x00\x00\x01\x01'), { maxBytes: 256 }))).to.equal('EMSGSIZE');
    expect(await codeOf(lengthPrefixed(from('\xff'.repeat(8)), { bytes: 8 }))).to.equal('EMSGSIZE');
    expect(await codeOf(lengthPrefixed(from('\xff\xff\xff\x7f'), { bytes: 'varint' }))).to.equal('EMSGSIZE');
  });

  it('a varint without an end, and a length below zero, are EPROTO', async () => {
    expect(await codeOf(lengthPrefixed(from('\x80'.repeat(10)), { bytes: 'varint' }))).to.equal('EPROTO');
    expect(await codeOf(lengthPrefixed(from('\x00\x03'), { bytes: 2, adjustBytes: -4 }))).to.equal('EPROTO');
    const longest = `${'\x80'.repeat(9)}\x00`;
    expect(await collect(lengthPrefixed(from(longest), { bytes: 'varint' }))).to.deep.equal(['']);
  });

  it('an end within a message is EBADMSG, and what is behind the last newline is a line unless it is forbidden', async () => {
    expect(await codeOf(lengthPrefixed(from('\x00\x00')))).to.equal('EBADMSG');
    expect(await codeOf(lengthPrefixed(from('\x00\x00\x00\x05abcd')))).to.equal('EBADMSG');
    expect(await codeOf(fixed(from('abc'), 4))).to.equal('EBADMSG');
    expect(await codeOf(delimited(from('a;b'), ';'))).to.equal('EBADMSG');
    expect(await collect(lines(from('a\nb')))).to.deep.equal(['a', 'b']);
    expect(await codeOf(lines(from('a\nb'), { unterminated: 'error' }))).to.equal('EBADMSG');
  });

  it('the failure of the source comes after the messages before it', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield await Promise.resolve('a\nb');
      throw new Error('broken');
    }
    const got: string[] = [];
    const reading = (async () => {
      for await (const line of lines(failing())) got.push(line);
    })();
    expect((await rejection(reading)).message).to.equal('broken');
    expect(got).to.deep.equal(['a']);
  });

  it('what can not be written is refused, and a list that is refused is as it was', () => {
    expect(() => encodeLine('a\nb')).to.throw(TypeError, 'line: it has a newline');
    expect(() => encodeLine('a\r')).to.throw(TypeError, 'line: it has a newline');
    expect(() => encodeDelimited('xa', 'aa')).to.throw(TypeError, 'message: it has the delimiter at 1');
    const list = BufferList.from('a;b');
    expect(() => encodeDelimited(list, ';')).to.throw(TypeError, 'the delimiter at 1');
    expect(list.toString()).to.equal('a;b');
    expect(() => encodeLengthPrefixed(new Uint8Array(256), { bytes: 1 })).to.throw(RangeError, 'lengths from 0 to 255');
    expect(encodeLengthPrefixed('é', { bytes: 2 }).toBytes()).to.deep.equal(Uint8Array.of(0, 2, 0xc3, 0xa9));
  });

  it('arguments that make no sense are named', () => {
    const source = from('');
    expect(() => lines('text' as never)).to.throw(TypeError, 'source: string; allowed: a Connection');
    expect(() => lines(source, { maxBytes: 0 })).to.throw(RangeError, 'maxBytes: 0');
    expect(() => lines(source, { timeoutMs: -1 })).to.throw(RangeError, 'timeoutMs: -1');
    expect(() => lines(source, { encoding: 'utf16le' as never })).to.throw(TypeError, "encoding: 'utf16le'");
    expect(() => lines(source, { delimiter: 'x' } as never)).to.throw(TypeError, "'delimiter' is no option");
    expect(() => delimited(source, '')).to.throw(RangeError, 'delimiter: it is empty');
    expect(() => delimited(source, 'a', { unterminated: 'drop' as never })).to.throw(TypeError, "unterminated: 'drop'");
    expect(() => fixed(source, 0)).to.throw(RangeError, 'lengthBytes: 0');
    expect(() => lengthPrefixed(source, { bytes: 9 as never })).to.throw(RangeError, 'bytes: 9');
    expect(() => lengthPrefixed(source, { endian: 'middle' as never })).to.throw(TypeError, "endian: 'middle'");
  });
});

describe('framing: each byte is looked at once', () => {
  /** CPU time of the first message, which arrives byte by byte. */
  async function secondsFor(
    frames: (source: FrameSource, lengthBytes: number) => AnyFrames,
    lengthBytes: number,
  ): Promise<number> {
    const bytes = Buffer.alloc(lengthBytes, 'ab');
    bytes.set([0, 0, 0], lengthBytes - 3);
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => {
        let at = 0;
        return {
          next: () =>
            Promise.resolve(
              at === lengthBytes ? { done: true, value: undefined } : { done: false, value: bytes.subarray(at, ++at) },
            ),
        };
      },
    };
    const begin = process.cpuUsage();
    await frames(source, lengthBytes).read();
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1e6;
  }

  const ways: Record<string, (source: FrameSource, lengthBytes: number) => AnyFrames> = {
    lines: source => lines(source, { maxBytes: 1e9 }),
    'delimited by one byte': source => delimited(source, '\0', { maxBytes: 1e9 }),
    'delimited by three bytes': source => delimited(source, '\0\0\0', { maxBytes: 1e9 }),
    fixed: (source, lengthBytes) => fixed(source, lengthBytes),
  };
  for (const [name, frames] of Object.entries(ways)) {
    it(`${name}: a message of 256 KiB that comes byte by byte takes some 16 times as long as one of 16 KiB`, async () => {
      await secondsFor(frames, 2 ** 14);
      const short = Math.min(await secondsFor(frames, 2 ** 14), await secondsFor(frames, 2 ** 14));
      const long = await secondsFor(frames, 2 ** 18);
      // Looking at all that came before for each byte would make it 256 times.
      expect(long / short).to.be.below(80);
    });
  }
});
