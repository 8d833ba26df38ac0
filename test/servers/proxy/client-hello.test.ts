/** ClientHellos of real TLS clients: cut anywhere, split into records, and what is none. */
import { expect } from 'chai';
import { assert, integer, property, uint8Array } from 'fast-check';
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { once } from 'node:events';
import type { IoError } from '../../../src/index.js';
import {
  parseClientHello,
  type ClientHello,
} from '../../../src/servers/proxy/introduction/client-hello/client-hello.js';
import { Routes } from '../../../src/servers/proxy/introduction/routes.js';
import { propertyRuns } from '../../property-runs.js';

/** What a client of OpenSSL says first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      pieces.push(chunk);
      wire.emit('hello');
      done();
    },
  });
  const said = once(wire, 'hello');
  const client = connect({ ...options, socket: wire });
  client.on('error', () => {});
  await said;
  client.destroy();
  return Buffer.concat(pieces);
}

/** The same message in records of other lengths. */
function split(hello: Buffer, lengthBytes: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += lengthBytes) {
    const piece = message.subarray(at, at + lengthBytes);
    records.push(Buffer.concat([Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff]), piece]));
  }
  return Buffer.concat(records);
}

function refusalOf(bytes: Uint8Array): string {
  try {
    parseClientHello(bytes);
  } catch (failure) {
    expect((failure as IoError).code).to.equal('EPROTO');
    return (failure as Error).message;
  }
  return 'none';
}

describe('a ClientHello', () => {
  let hello: Buffer;
  before(async () => {
    hello = await helloOf({ servername: 'WWW.Example.org', ALPNProtocols: ['h2', 'http/1.1'] });
  });

  const expected: ClientHello = { isTls: true, serverName: 'www.example.org', protocols: ['h2', 'http/1.1'] };

  it('is read wherever it is cut, and not before it is whole', () => {
    for (let length = 0; length < hello.length; length++) {
      expect(parseClientHello(hello.subarray(0, length)), `${length} bytes`).to.equal(undefined);
    }
    expect(parseClientHello(hello)).to.deep.equal({ value: expected, lengthBytes: 0 });
    expect(parseClientHello(Buffer.concat([hello, Buffer.from([20, 3, 3, 0, 1, 1])]))!.value).to.deep.equal(expected);
  });

  it('is read however it is split into records, cut anywhere', () => {
    assert(
      property(integer({ min: 1, max: 300 }), integer({ min: 1, max: 10_000 }), (lengthBytes, place) => {
        const bytes = split(hello, lengthBytes);
        expect(parseClientHello(bytes)!.value).to.deep.equal(expected);
        const cut = place % bytes.length;
        expect(parseClientHello(bytes.subarray(0, cut))).to.equal(undefined);
      }),
      propertyRuns(60),
    );
  });

  it('may have no name and no protocols', async () => {
    const plain = await helloOf({ servername: '', maxVersion: 'TLSv1.2' });
    expect(parseClientHello(plain)!.value).to.deep.equal({ isTls: true, serverName: undefined, protocols: [] });
  });

  it('is none where a client speaks something else', () => {
    const other = { value: { isTls: false, serverName: undefined, protocols: [] }, lengthBytes: 0 };
    for (const text of ['GET / HTTP/1.1\r\n', 'x', '\x16\x02']) {
      expect(parseClientHello(Buffer.from(text, 'latin1'))).to.deep.equal(other);
    }
  });

  it('never breaks otherwise than by EPROTO, whatever byte is another', () => {
    assert(
      property(integer({ min: 2, max: 5_000 }), integer({ min: 1, max: 255 }), (place, change) => {
        const bytes = Buffer.from(hello);
        bytes[place % bytes.length] ^= change;
        refusalOf(bytes);
      }),
      propertyRuns(1000),
    );
    assert(
      property(uint8Array({ maxLength: 400 }), tail => {
        refusalOf(Buffer.concat([Buffer.from([22, 3, 1]), tail]));
        refusalOf(Buffer.concat([hello.subarray(0, 60), tail]));
      }),
      propertyRuns(500),
    );
  });

  const bytes = (change: (hello: Buffer) => Buffer | void) => () => {
    const copy = Buffer.from(hello);
    return change(copy) ?? copy;
  };
  const wrong: Record<string, [() => Buffer, RegExp]> = {
    'an empty record': [bytes(() => Buffer.from([22, 3, 1, 0, 0])), /a record of 0 bytes/],
    'a record that is too long': [bytes(() => Buffer.from([22, 3, 1, 0x40, 1])), /a record of 16385 bytes/],
    'another message': [bytes(copy => void (copy[5] = 2)), /message 1, and not 2/],
    'a message that is too long': [bytes(copy => void (copy[6] = 1)), /allowed: 16384/],
    'an alert in the middle': [
      bytes(copy => Buffer.concat([split(copy.subarray(0, 105), 50), Buffer.from([21, 3, 1, 0, 1])])),
      /interrupted/,
    ],
    'a session id that is too long': [bytes(copy => void (copy[43] = 33)), /session id|ciphers|longer|compress/],
    'a name with a NUL': [bytes(copy => void (copy[copy.indexOf('WWW.Example')] = 0)), /server name that is none/],
  };
  for (const [what, [given, why]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => expect(refusalOf(given())).to.match(why));
  }
});

describe('routes', () => {
  const routes = new Routes([
    { serverNames: ['db.example.org', '*.DB.example.org'], protocols: undefined, pool: 'db' },
    { serverNames: '*.example.org', protocols: 'h2', pool: 'h2' },
    { serverNames: undefined, protocols: ['postgresql'], pool: 'any' },
  ]);
  const find = (serverName: string | undefined, ...protocols: string[]) =>
    routes.find({ isTls: true, serverName, protocols });

  it('are gone through in their order', () => {
    expect(find('db.example.org')).to.equal('db');
    expect(find('a.b.db.example.org', 'h2')).to.equal('db');
    expect(find('www.example.org', 'http/1.1', 'h2')).to.equal('h2');
    expect(find('www.example.org')).to.equal(undefined);
    expect(find('example.org', 'h2')).to.equal(undefined);
    expect(find('xdb.example.org.evil')).to.equal(undefined);
    expect(find(undefined, 'postgresql')).to.equal('any');
    expect(routes.find({ isTls: false, serverName: undefined, protocols: [] })).to.equal(undefined);
  });
});
