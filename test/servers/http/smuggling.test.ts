/**
 * Requests that two servers could read in two ways: none may be answered as if there were one way. The shapes are those of
 * the public lists (PortSwigger, h1-smuggler, http-garden, Node's own CVEs).
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStaticServer, type StaticServer } from '../../../src/servers.js';
import { exchange, statusesIn } from '../exchange.js';

/** What would be smuggled: a server that took it for a request would answer twice. */
const SECOND = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const post = (fields: string, body = '') => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}${SECOND}`;
const get = (fields: string) => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${SECOND}`;

/** Each is refused, and nothing behind it is read. */
const REFUSED: Readonly<Record<string, string>> = {
  'CL.TE': post('Content-Length: 6\r\nTransfer-Encoding: chunked', '0\r\n\r\nG'),
  'TE.CL': post('Transfer-Encoding: chunked\r\nContent-Length: 4', '5c\r\nG\r\n0\r\n\r\n'),
  'two lengths that differ': post('Content-Length: 0\r\nContent-Length: 5', 'abcde'),
  'two lengths that agree': post('Content-Length: 5\r\nContent-Length: 5', 'abcde'),
  'a list of lengths': post('Content-Length: 5, 5', 'abcde'),
  'a length with a sign': post('Content-Length: +5', 'abcde'),
  'a negative length': post('Content-Length: -1'),
  'a length in hex': post('Content-Length: 0x5', 'abcde'),
  'a length with a space within': post('Content-Length: 1 0', 'abcdeabcde'),
  'a length beyond all bounds': post('Content-Length: 99999999999999999999999'),
  'a length of letters': post('Content-Length: five', 'abcde'),
  'an empty length': post('Content-Length: ', 'abcde'),
  'a space before the colon of a length': post('Content-Length : 5', 'abcde'),
  'a tab before the colon of a coding': post('Transfer-Encoding\t: chunked', '0\r\n\r\n'),
  'a space before the colon of a coding, and a length': post(
    'Content-Length: 5\r\nTransfer-Encoding : chunked',
    '0\r\n\r\n',
  ),
  'an unknown coding': post('Transfer-Encoding: xchunked', '0\r\n\r\n'),
  'chunked and another behind it': post('Transfer-Encoding: chunked, identity', '0\r\n\r\n'),
  'another before chunked': post('Transfer-Encoding: identity, chunked', '0\r\n\r\n'),
  'chunked twice': post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n'),
  'chunked in two fields': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
  'two fields of codings': post('Transfer-Encoding: chunked\r\nTransfer-encoding: cow', '0\r\n\r\n'),
  'a coding in quotes': post('Transfer-Encoding: "chunked"', '0\r\n\r\n'),
  'a coding behind a vertical tab': post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n'),
  'a coding with a NUL': post('Transfer-Encoding: chunked\0', '0\r\n\r\n'),
  'a coding with a parameter': post('Transfer-Encoding: chunked;q=1', '0\r\n\r\n'),
  'an empty coding': post('Transfer-Encoding: ', '0\r\n\r\n'),
  'a coding folded over two lines': post('Transfer-Encoding:\r\n chunked', '0\r\n\r\n'),
  'a folded field': get('X: a\r\n b'),
  'a field folded by a tab': get('X: a\r\n\tb'),
  'a first field that begins with a space': 'GET / HTTP/1.1\r\n Host: a\r\n\r\n' + SECOND,
  'a coding behind a field that ends in LF alone': post('X: a\nTransfer-Encoding: chunked', '0\r\n\r\n'),
  'lines that end in LF alone': 'GET / HTTP/1.1\nHost: a\n\n' + SECOND,
  'a head that ends in LF alone': 'GET / HTTP/1.1\r\nHost: a\r\n\n' + SECOND,
  'a field that ends in CR alone': get('X: a\rTransfer-Encoding: chunked'),
  'a NUL in a value': get('X: a\0b'),
  'a NUL in a name': get('X\0: a'),
  'no colon': get('X'),
  'an empty name': get(': a'),
  'a name in brackets': get('X(: a'),
  'a size of a chunk with 0x': post('Transfer-Encoding: chunked', '0x0\r\n\r\n'),
  'a size of a chunk with a sign': post('Transfer-Encoding: chunked', '+0\r\n\r\n'),
  'a negative size of a chunk': post('Transfer-Encoding: chunked', '-1\r\n\r\n'),
  'a size of a chunk behind a space': post('Transfer-Encoding: chunked', ' 0\r\n\r\n'),
  'a size of a chunk before a space': post('Transfer-Encoding: chunked', '1 \r\nZ\r\n0\r\n\r\n'),
  'a size of a chunk that overflows': post('Transfer-Encoding: chunked', 'FFFFFFFFFFFFFFFFF1\r\nZ\r\n0\r\n\r\n'),
  'no size of a chunk': post('Transfer-Encoding: chunked', '\r\n0\r\n\r\n'),
  'a chunk that is longer than its size': post('Transfer-Encoding: chunked', '1\r\nZZ\r\n0\r\n\r\n'),
  'a chunk that ends in LF alone': post('Transfer-Encoding: chunked', '1\r\nZ\n0\r\n\r\n'),
  'a size that ends in LF alone': post('Transfer-Encoding: chunked', '1\nZ\r\n0\r\n\r\n'),
  'an extension with LF alone (TERM.EXT)': post('Transfer-Encoding: chunked', '1;a\nZ\r\n0\r\n\r\n'),
  'an extension with CR alone': post('Transfer-Encoding: chunked', '1;a\rX\r\nZ\r\n0\r\n\r\n'),
  'a trailer with LF alone': post('Transfer-Encoding: chunked', '0\r\nX: a\n\r\n'),
  'chunks in HTTP/1.0': `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n${SECOND}`,
  'no host': `GET / HTTP/1.1\r\n\r\n${SECOND}`,
  'two hosts': get('Host: b'),
  'a host with a path': `GET / HTTP/1.1\r\nHost: a/b\r\n\r\n${SECOND}`,
  'a host with a user': `GET / HTTP/1.1\r\nHost: u@a\r\n\r\n${SECOND}`,
  'a host with a space': `GET / HTTP/1.1\r\nHost: a b\r\n\r\n${SECOND}`,
  'a version of two digits': `GET / HTTP/1.10\r\nHost: a\r\n\r\n${SECOND}`,
  'a version of the future': `GET / HTTP/2.0\r\nHost: a\r\n\r\n${SECOND}`,
  'a version of the past': `GET /\r\n\r\n${SECOND}`,
  'a version in small letters': `GET / http/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'two spaces before the version': `GET /  HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'a space in the target': `GET /a b HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'a tab for a space': `GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'a space before the method': ` GET / HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'a NUL in the target': `GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'the preface of HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  'a method that there is not': `GEX / HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  CONNECT: `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${SECOND}`,
  'a target of neither form': `GET a HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`,
  'an expectation that is none': get('Expect: 200-ok'),
  'a ClientHello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

/** Each is one request with a body that is told in one way: what follows is the second. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'a length': post('Content-Length: 5', 'abcde'),
  'a length of nothing': post('Content-Length: 0'),
  'a length with zeros before it': post('Content-Length: 005', 'abcde'),
  chunks: post('Transfer-Encoding: chunked', '5\r\nabcde\r\n0\r\n\r\n'),
  'chunks, in capitals': post('TRANSFER-ENCODING: CHUNKED', '5\r\nabcde\r\n0\r\n\r\n'),
  'chunks with an extension and a trailer': post('Transfer-Encoding: chunked', '5;a=b\r\nabcde\r\n0\r\nX: a\r\n\r\n'),
  'a name that looks like a coding': post('Transfer_Encoding: chunked\r\nContent-Length: 5', 'abcde'),
  'an upgrade that is not taken': get('Connection: Upgrade\r\nUpgrade: websocket'),
  'a body of GET': `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SECOND.length}\r\n\r\n${SECOND}${SECOND}`,
  'an empty line before it': `\r\n${get('X: a')}`,
};

describe('requests that could be read in two ways', () => {
  let folder: string;
  let server: StaticServer;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-smuggling-'));
    writeFileSync(join(folder, 'smuggled'), 'smuggled');
    server = await createStaticServer({ directory: folder, listen: { port: 0, host: '127.0.0.1' } });
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  for (const [name, bytes] of Object.entries(REFUSED)) {
    it(`${name}: refused, and what follows is not read`, async () => {
      const received = await exchange(server.port, bytes);
      const statuses = statusesIn(received);
      // The body of a request may break once it is being answered.
      expect(statuses.length, received).to.be.at.most(1);
      if (statuses.length === 1) expect(statuses[0], received).to.be.oneOf([400, 404, 405, 417, 501, 505]);
      expect(received).to.not.include('200 OK');
    });
  }

  for (const [name, bytes] of Object.entries(ACCEPTED)) {
    it(`${name}: one request, and what follows is the next`, async () => {
      const received = await exchange(server.port, bytes);
      expect(statusesIn(received), received).to.have.length(2);
      expect(received).to.match(/200 OK[^]*\r\n\r\nsmuggled$/);
    });

    it(`${name}: the same, byte by byte`, async () => {
      const received = await exchange(server.port, ...bytes);
      expect(statusesIn(received), received).to.have.length(2);
      expect(received).to.match(/200 OK[^]*\r\n\r\nsmuggled$/);
    });
  }
});
