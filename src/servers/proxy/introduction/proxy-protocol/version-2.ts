/** Version 2 of the PROXY protocol: bytes, with addresses of three families and fields of any kind. */
import { isIPv4 } from 'node:net';
import type { Address } from '../../../../index.js';
import { plainAddress } from '../../access/networks.js';
import type { Parsed } from '../parsed.js';
import { formatAddressBytes, parseAddressBytes } from './address-bytes.js';
import { crc32c } from './crc32c.js';
import { badHeader, MAX_HEADER_BYTES, SIGNATURE, type ProxyEnds, type ProxyHeader, type ProxyTlv } from './header.js';

const FIXED_BYTES = 16;
const TLV_HEAD_BYTES = 3;
const COMMANDS = { local: 0x20, proxy: 0x21 } as const;
/** Padding, and a checksum of the header as it was: neither says anything about the client. */
const NOOP = 0x04;
const CRC32C = 0x03;
const CRC_BYTES = 4;

const FAMILY = 12 + 1;
const FAMILIES = {
  0x10: { family: 'ipv4', addressBytes: 4 },
  0x20: { family: 'ipv6', addressBytes: 16 },
  0x30: { family: 'unix', addressBytes: 108 },
} as const;
const STREAM = 0x01;

/** @returns undefined: more bytes are needed. @throws IoError EPROTO. */
export function parseVersion2(bytes: Uint8Array): Parsed<ProxyHeader> | undefined {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const begin = given.subarray(0, SIGNATURE.length);
  if (!begin.equals(SIGNATURE.subarray(0, begin.length))) throw badHeader('there is none');
  if (given.length < FIXED_BYTES) return undefined;
  const command = given[SIGNATURE.length];
  if (command !== COMMANDS.local && command !== COMMANDS.proxy) {
    throw badHeader(`version and command 0x${command.toString(16)}; allowed: 0x20, 0x21`);
  }
  const lengthBytes = FIXED_BYTES + given.readUInt16BE(14);
  if (lengthBytes > MAX_HEADER_BYTES) throw badHeader(`${lengthBytes} bytes; allowed: ${MAX_HEADER_BYTES}`);
  if (given.length < lengthBytes) return undefined;
  const header = given.subarray(0, lengthBytes);
  const { ends, endsBytes } = readEnds(header);
  const tlvs = readTlvs(header, FIXED_BYTES + endsBytes);
  return { value: { ends: command === COMMANDS.local ? undefined : ends, tlvs }, lengthBytes };
}

/** @throws RangeError more fields than a header takes. */
export function encodeVersion2({ ends, tlvs }: ProxyHeader): Uint8Array {
  const fields = tlvs.map(({ type, value }) => {
    const head = Buffer.from([type, value.length >> 8, value.length & 0xff]);
    return Buffer.concat([head, value]);
  });
  const known = ends === undefined ? undefined : encodeEnds(ends);
  const rest = Buffer.concat([known?.bytes ?? Buffer.alloc(0), ...fields]);
  if (rest.length + FIXED_BYTES > MAX_HEADER_BYTES) {
    throw new RangeError(`tlvs: ${rest.length} bytes; allowed: ${MAX_HEADER_BYTES - FIXED_BYTES} with the addresses`);
  }
  const command = known === undefined ? COMMANDS.local : COMMANDS.proxy;
  const fixed = Buffer.from([command, known?.code ?? 0, rest.length >> 8, rest.length & 0xff]);
  return Buffer.concat([SIGNATURE, fixed, rest]);
}

/** Of a family or a kind of socket that is not known, the addresses are skipped. */
function readEnds(header: Buffer): { ends: ProxyEnds | undefined; endsBytes: number } {
  const code = header[FAMILY];
  const known = FAMILIES[(code & 0xf0) as keyof typeof FAMILIES] as (typeof FAMILIES)[0x10 | 0x20 | 0x30] | undefined;
  if (code === 0) return { ends: undefined, endsBytes: 0 };
  if (known === undefined)
    throw badHeader(`family 0x${code.toString(16)}; allowed: 0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32`);
  const { family, addressBytes } = known;
  const portsBytes = family === 'unix' ? 0 : 4;
  const endsBytes = 2 * addressBytes + portsBytes;
  if (header.length < FIXED_BYTES + endsBytes) throw badHeader('it is shorter than its addresses');
  const addressAt = (place: number) => {
    const from = FIXED_BYTES + place * addressBytes;
    return header.subarray(from, from + addressBytes);
  };
  const end = (place: number): Address => {
    if (family === 'unix')
      return {
        family,
        path: addressAt(place)
          .toString('latin1')
          .replace(/\0[^]*$/, ''),
      };
    const port = header.readUInt16BE(FIXED_BYTES + 2 * addressBytes + 2 * place);
    return { family, address: formatAddressBytes(addressAt(place)), port };
  };
  return { ends: { source: end(0), destination: end(1) }, endsBytes };
}

function readTlvs(header: Buffer, from: number): ProxyTlv[] {
  const tlvs: ProxyTlv[] = [];
  let at = from;
  while (at < header.length) {
    const valueAt = at + TLV_HEAD_BYTES;
    const end = valueAt > header.length ? Infinity : valueAt + header.readUInt16BE(at + 1);
    if (end > header.length) throw badHeader('a field of it is longer than the header');
    const type = header[at];
    if (type === CRC32C) checkCrc(header, valueAt, end);
    else if (type !== NOOP) tlvs.push({ type, value: Uint8Array.from(header.subarray(valueAt, end)) });
    at = end;
  }
  return tlvs;
}

function checkCrc(header: Buffer, from: number, end: number): void {
  if (end - from !== CRC_BYTES) throw badHeader('its checksum has another length than 4');
  const blank = Buffer.from(header).fill(0, from, end);
  if (crc32c(blank) !== header.readUInt32BE(from)) throw badHeader('its checksum is wrong');
}

function encodeEnds({ source, destination }: ProxyEnds): { code: number; bytes: Buffer } | undefined {
  if (source.family === 'unix' && destination.family === 'unix') {
    const paths = Buffer.alloc(216);
    paths.write(source.path, 0, 108, 'latin1');
    paths.write(destination.path, 108, 108, 'latin1');
    return { code: 0x30 | STREAM, bytes: paths };
  }
  if (source.family === 'unix' || destination.family === 'unix') return undefined;
  const plain = [source, destination].map(({ address }) => plainAddress(address.split('%')[0]));
  const areFour = plain.every(isIPv4);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const addresses = plain.map(address =>
    parseAddressBytes(areFour || !isIPv4(address) ? address : `::ffff:${address}`),
  );
  return { code: (areFour ? 0x10 : 0x20) | STREAM, bytes: Buffer.concat([...addresses, ports]) };
}
