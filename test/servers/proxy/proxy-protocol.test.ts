/** Headers of the PROXY protocol by themselves: cut anywhere, of both versions, and what is no header. */
import { expect } from 'chai';
import {
  array,
  assert,
  constant,
  integer,
  ipV4,
  ipV6,
  oneof,
  property,
  record,
  string,
  tuple,
  uint8Array,
} from 'fast-check';
import { isIPv4 } from 'node:net';
import type { Address, IoError } from '../../../src/index.js';
import { plainAddress } from '../../../src/servers/proxy/access/networks.js';
import {
  formatAddressBytes,
  parseAddressBytes,
} from '../../../src/servers/proxy/introduction/proxy-protocol/address-bytes.js';
import { crc32c } from '../../../src/servers/proxy/introduction/proxy-protocol/crc32c.js';
import type { ProxyHeader } from '../../../src/servers/proxy/introduction/proxy-protocol/header.js';
import { parseProxyHeader } from '../../../src/servers/proxy/introduction/proxy-protocol/parse.js';
import { encodeVersion1 } from '../../../src/servers/proxy/introduction/proxy-protocol/version-1.js';
import { encodeVersion2 } from '../../../src/servers/proxy/introduction/proxy-protocol/version-2.js';
import { propertyRuns } from '../../property-runs.js';

const ports = integer({ min: 0, max: 65_535 });
const four = record({ family: constant('ipv4' as const), address: ipV4(), port: ports });
/** In the one way that is written: as the parser of bytes writes it. */
const six = record({
  family: constant('ipv6' as const),
  address: ipV6()
    .map(address => formatAddressBytes(parseAddressBytes(address)))
    .filter(address => plainAddress(address) === address),
  port: ports,
});
const unix = record({ family: constant('unix' as const), path: string({ maxLength: 100, unit: 'grapheme-ascii' }) });
const ends = (end: typeof four | typeof six | typeof unix) =>
  tuple<[Address, Address]>(end, end).map(([source, destination]) => ({ source, destination }));
const internet = oneof(ends(four), ends(six));
const tlvs = array(record({ type: integer({ min: 5, max: 255 }), value: uint8Array({ maxLength: 300 }) }), {
  maxLength: 4,
});

/** What a parser says of each beginning of a stream, until it has the header. */
function parsedByteByByte(bytes: Uint8Array) {
  for (let length = 0; length <= bytes.length; length++) {
    const parsed = parseProxyHeader(bytes.subarray(0, length));
    if (parsed !== undefined) return { ...parsed, length };
  }
  return undefined;
}

function refusalOf(bytes: string | Uint8Array): string {
  const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  try {
    parseProxyHeader(all);
  } catch (failure) {
    expect((failure as IoError).code).to.equal('EPROTO');
    return (failure as Error).message;
  }
  return 'none';
}

function withFields(code: number, address: Uint8Array, ...fields: [type: number, value: Uint8Array][]): Buffer {
  const header = Buffer.from(
    encodeVersion2({ ends: undefined, tlvs: fields.map(([type, value]) => ({ type, value })) }),
  );
  const rest = Buffer.concat([address, header.subarray(16)]);
  const fixed = Buffer.from(header.subarray(0, 16));
  fixed[12] = 0x21;
  fixed[13] = code;
  fixed.writeUInt16BE(rest.length, 14);
  return Buffer.concat([fixed, rest]);
}

describe('the PROXY protocol', () => {
  it('version 1 is read as it was written, wherever it is cut, and nothing behind it', () => {
    assert(
      property(internet, uint8Array({ maxLength: 20 }), (given, behind) => {
        const line = encodeVersion1({ ends: given, tlvs: [] });
        const parsed = parsedByteByByte(Buffer.concat([line, behind]))!;
        expect([parsed.length, parsed.lengthBytes]).to.deep.equal([line.length, line.length]);
        expect(parsed.value).to.deep.equal({ ends: given, tlvs: [] });
      }),
      propertyRuns(150),
    );
  });

  it('version 2 is read as it was written, wherever it is cut, with all fields', () => {
    assert(
      property(
        oneof(internet, ends(unix), constant(undefined)),
        tlvs,
        uint8Array({ maxLength: 20 }),
        (given, fields, behind) => {
          const header: ProxyHeader = { ends: given, tlvs: fields };
          const bytes = encodeVersion2(header);
          const parsed = parsedByteByByte(Buffer.concat([bytes, behind]))!;
          expect([parsed.length, parsed.lengthBytes]).to.deep.equal([bytes.length, bytes.length]);
          expect(parsed.value).to.deep.equal(header);
        },
      ),
      propertyRuns(150),
    );
  });

  it('takes no longer than a header may be to say that there is none, and says nothing else', () => {
    assert(
      property(uint8Array({ minLength: 108, maxLength: 300 }), bytes => {
        expect(refusalOf(bytes)).to.not.equal('none');
      }),
      propertyRuns(200),
    );
  });

  it('has addresses as bytes and back', () => {
    assert(
      property(oneof(ipV4(), ipV6()), address => {
        const bytes = parseAddressBytes(address);
        expect(bytes.length).to.equal(isIPv4(address) ? 4 : 16);
        expect(parseAddressBytes(formatAddressBytes(bytes))).to.deep.equal(bytes);
      }),
      propertyRuns(300),
    );
    expect(formatAddressBytes(parseAddressBytes('2001:db8:0:0:1:0:0:1'))).to.equal('2001:db8::1:0:0:1');
    expect(formatAddressBytes(parseAddressBytes('::'))).to.equal('::');
    expect(formatAddressBytes(parseAddressBytes('::ffff:1.2.3.4'))).to.equal('::ffff:102:304');
  });

  it('says UNKNOWN or LOCAL of a client without an address, and takes both', () => {
    const nothing = { ends: undefined, tlvs: [] };
    expect(Buffer.from(encodeVersion1(nothing)).toString()).to.equal('PROXY UNKNOWN\r\n');
    expect(parseProxyHeader(encodeVersion1(nothing))!.value).to.deep.equal(nothing);
    expect(parseProxyHeader(Buffer.from('PROXY UNKNOWN ::1 x y\r\nrest'))).to.deep.equal({
      value: nothing,
      lengthBytes: 23,
    });
    expect(encodeVersion2(nothing)[12]).to.equal(0x20);
  });

  it('writes an IPv4 client of an IPv6 socket as IPv4, and two families as IPv6', () => {
    const client = { family: 'ipv6', address: '::ffff:10.0.0.1', port: 1 } as const;
    const here = { family: 'ipv6', address: '::ffff:10.0.0.2', port: 2 } as const;
    const line = (header: ProxyHeader) => Buffer.from(encodeVersion1(header)).toString();
    expect(line({ ends: { source: client, destination: here }, tlvs: [] })).to.equal(
      'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n',
    );
    const mixed = { ends: { source: { ...client, address: '::1' }, destination: here }, tlvs: [] };
    expect(line(mixed)).to.equal('PROXY TCP6 ::1 ::ffff:10.0.0.2 1 2\r\n');
    const addresses = parseProxyHeader(encodeVersion2(mixed))!.value.ends!;
    expect([addresses.source, addresses.destination].map(end => end.family === 'unix' || end.address)).to.deep.equal([
      '::1',
      '::ffff:a00:2',
    ]);
  });

  it('checks the checksum of a header that has one, and drops it and padding', () => {
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283);
    const addresses = Buffer.from([10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2]);
    const header = withFields(
      0x11,
      addresses,
      [0x04, Buffer.alloc(7)],
      [0x03, Buffer.alloc(4)],
      [0x02, Buffer.from('a.b')],
    );
    const at = header.indexOf(Buffer.from([0x03, 0, 4])) + 3;
    header.writeUInt32BE(crc32c(header), at);
    const { ends, tlvs: fields } = parseProxyHeader(header)!.value;
    expect(ends!.source).to.deep.equal({ family: 'ipv4', address: '10.0.0.1', port: 1 });
    expect(fields.map(({ type, value }) => [type, Buffer.from(value).toString()])).to.deep.equal([[2, 'a.b']]);
    header[at] ^= 1;
    expect(refusalOf(header)).to.match(/checksum is wrong/);
  });

  const wrong: Record<string, [string | Uint8Array, RegExp]> = {
    'another protocol': ['GET / HTTP/1.1\r\n', /there is none/],
    'small letters': ['proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n', /there is none/],
    'a line without an end': [`PROXY TCP4 ${'1'.repeat(100)}`, /no line end within 107/],
    'an address of the other family': ['PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n', /makes no sense/],
    'a port with a zero before it': ['PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n', /makes no sense/],
    'a port beyond all': ['PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n', /makes no sense/],
    'two blanks': ['PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n', /makes no sense/],
    'a word too many': ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n', /makes no sense/],
    'a protocol that is none': ['PROXY toString 1.2.3.4 1.2.3.4 1 2\r\n', /makes no sense/],
    'another version': [withFields(0x11, Buffer.alloc(12)).fill(0x31, 12, 13), /version and command 0x31/],
    'a family that is none': [withFields(0x51, Buffer.alloc(12)), /family 0x51/],
    'too short for its addresses': [withFields(0x21, Buffer.alloc(12)), /shorter than its addresses/],
    'a field longer than the header': [
      withFields(0x11, Buffer.concat([Buffer.alloc(12), Buffer.from([5, 0, 9])])),
      /longer than the header/,
    ],
    'half a field': [withFields(0x11, Buffer.concat([Buffer.alloc(12), Buffer.from([5])])), /longer than the header/],
    'too long': [withFields(0x11, Buffer.alloc(20_000)).subarray(0, 16), /allowed: 16384/],
  };
  for (const [what, [bytes, why]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => expect(refusalOf(bytes)).to.match(why));
  }
});
