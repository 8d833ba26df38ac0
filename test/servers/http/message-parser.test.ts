import { expect } from 'chai';
import fc from 'fast-check';
import { BufferList } from '../../../src/index.js';
import { REQUESTS, RESPONSES, type MessageKind } from '../../../src/servers/http/llhttp.js';
import { MessageParser } from '../../../src/servers/http/message-parser.js';
import { propertyRuns } from '../../property-runs.js';

const CEILINGS = { maxTargetBytes: 100, maxHeadBytes: 400, maxFields: 8 };

/** What a parser makes of pieces: heads, bodies and how it ended, in words. */
function parsed(pieces: readonly string[], kind: MessageKind = REQUESTS, ends = false): string[] {
  const parser = new MessageParser(kind, CEILINGS);
  const told: string[] = [];
  const input = new BufferList();
  let body = '';
  const take = (): void => {
    body += parser.body.toString('latin1');
    parser.body.release();
  };
  for (const piece of pieces) {
    input.append(Buffer.from(piece, 'latin1'));
    for (let step = parser.parse(input); step !== 'more'; step = parser.parse(input)) {
      take();
      const { head } = parser;
      if (step === 'head' || step === 'whole') {
        told.push(`${step} ${head!.method}${head!.status || ''} ${head!.target} ${JSON.stringify([...head!])}`);
      }
      if (step === 'end') told.push(`body ${body}`);
      if (step === 'end') body = '';
      if (step !== 'bad') continue;
      // Which of two faults is seen first, and how much of a body before it, depends on where pieces end.
      told.push('bad');
      parser.close();
      return told;
    }
    take();
  }
  if (ends) told.push(`${parser.finish()} ${body}`);
  parser.close();
  return told;
}

describe('a message parser', () => {
  it('tells each message with its parts as they were sent', () => {
    const text = 'GET /a?b HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nx-two:  1 \t\r\nX-Two: \xe9\r\n\r\n';
    expect(parsed([`${text}POST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc${text}`])).to.deep.equal([
      'whole GET /a?b [["Host","a"],["X-Empty",""],["x-two","1"],["X-Two","é"]]',
      'head POST /b [["Content-Length","3"]]',
      'body abc',
      'whole GET /a?b [["Host","a"],["X-Empty",""],["x-two","1"],["X-Two","é"]]',
    ]);
  });

  it('responses: with a length, in chunks, without a body, and to the end of the stream', () => {
    const all = [
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab',
      'HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
      'HTTP/1.0 200 Yes\r\n\r\nto the end',
    ];
    expect(parsed([all.join('')], RESPONSES, true)).to.deep.equal([
      'head 200 OK [["Content-Length","2"]]',
      'body ab',
      'head 200  [["Transfer-Encoding","chunked"]]',
      'body c',
      'head 304 Not Modified [["Content-Length","7"]]',
      'body ',
      'head 200 Yes []',
      'end to the end',
    ]);
  });

  it('a response to HEAD has no body, whatever it says', () => {
    const parser = new MessageParser(RESPONSES, CEILINGS);
    parser.skipsBody = true;
    const input = BufferList.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n');
    expect(parser.parse(input)).to.equal('whole');
    expect(input.toString()).to.equal('HTTP/1.1 200 OK\r\n');
    parser.close();
    input.release();
  });

  it('leaves bodies that are not in chunks, where it is asked to', () => {
    const heads = [
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
      'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
    ];
    const parser = new MessageParser(RESPONSES, CEILINGS, { leavesBody: true });
    for (const head of heads) {
      const input = BufferList.from(`${head}abc`);
      expect(parser.parse(input), head).to.equal('whole');
      expect(input.toString(), head).to.equal('abc');
      input.release();
    }
    const end = BufferList.from('HTTP/1.1 200 OK\r\n\r\nto the end');
    expect(parser.parse(end)).to.equal('whole');
    expect(end.toString()).to.equal('to the end');
    end.release();
    parser.close();
  });

  it('leaves the body of a request in the same way', () => {
    const parser = new MessageParser(REQUESTS, CEILINGS, { leavesBody: true });
    const input = BufferList.from('POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n\r\n');
    expect(parser.parse(input)).to.equal('whole');
    input.consume(3);
    expect(parser.parse(input)).to.equal('whole');
    expect(parser.head!.target).to.equal('/2');
    parser.close();
  });

  it('keeps trailers of each message, in pieces of any length, and no more than fields', () => {
    const text =
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 12 3\r\nY:\r\nZ: z\r\n\r\n';
    for (const pieceBytes of [1, 2, 3, 1000]) {
      const parser = new MessageParser(REQUESTS, CEILINGS, { keepsTrailers: true });
      const found: string[][][] = [];
      for (let at = 0; at < 2 * text.length; at += pieceBytes) {
        const input = BufferList.from((text + text).slice(at, at + pieceBytes));
        for (let step = parser.parse(input); step !== 'more'; step = parser.parse(input)) {
          if (step === 'end') found.push(parser.trailers);
          parser.body.release();
        }
      }
      const trailers = [
        ['X-Sum', '12 3'],
        ['Y', ''],
        ['Z', 'z'],
      ];
      expect(found).to.deep.equal([trailers, trailers]);
      parser.close();
    }
    const parser = new MessageParser(REQUESTS, CEILINGS, { keepsTrailers: true });
    const input = BufferList.from(text.replace('Z: z', 'Z: z\r\n'.repeat(9).slice(0, -2)));
    expect(parser.parse(input)).to.equal('head');
    expect(parser.parse(input)).to.equal('bad');
    expect(parser.refusal!.status).to.equal(431);
    parser.close();
    input.release();
  });

  it('an end within a message is bad, between two it is none', () => {
    expect(parsed(['GET / HTTP/1.1\r\n'], REQUESTS, true)).to.deep.equal(['bad ']);
    expect(parsed(['GET / HTTP/1.1\r\n\r\n'], REQUESTS, true).slice(1)).to.deep.equal(['more ']);
  });

  it('finds the same in pieces of any length, also in what is broken', () => {
    const good = fc.constantFrom(
      'GET /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      'POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789',
      'POST /z HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: t\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
      `GET /${'t'.repeat(120)} HTTP/1.1\r\n\r\n`,
      `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(9)}\r\n`,
      `GET / HTTP/1.1\r\nlong: ${'v'.repeat(500)}\r\n\r\n`,
      'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    );
    const stream = fc.array(good, { minLength: 1, maxLength: 5 }).map(all => all.join(''));
    const change = fc.record({ at: fc.nat(400), byte: fc.constantFrom('\r', '\n', ' ', '\0', ':', '0', 'a', '\xff') });
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    fc.assert(
      fc.property(stream, fc.option(change), cuts, (whole, changed, at) => {
        const text = changed === null ? whole : whole.slice(0, changed.at) + changed.byte + whole.slice(changed.at + 1);
        const places = [...new Set([0, ...at, text.length])].filter(each => each <= text.length).sort((a, b) => a - b);
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
        expect(parsed(pieces)).to.deep.equal(parsed([text]));
      }),
      propertyRuns(1_000),
    );
  });
});
