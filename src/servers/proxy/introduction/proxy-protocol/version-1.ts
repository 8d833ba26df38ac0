/** Version 1 of the PROXY protocol: a line of text. */
import { isIPv4, isIPv6 } from 'node:net';
import type { InternetAddress } from '../../../../index.js';
import { plainAddress } from '../../access/networks.js';
import type { Parsed } from '../parsed.js';
import { badHeader, type ProxyEnds, type ProxyHeader } from './header.js';

/** With the line end, as the specification says. */
const MAX_LINE_BYTES = 107;
const PREFIX = 'PROXY ';
const PORT = /^(?:0|[1-9]\d{0,4})$/;

const FAMILIES = new Map([
  ['TCP4', { family: 'ipv4', isAddress: isIPv4 }],
  ['TCP6', { family: 'ipv6', isAddress: isIPv6 }],
] as const);

/** @returns undefined: more bytes are needed. @throws IoError EPROTO. */
export function parseVersion1(bytes: Uint8Array): Parsed<ProxyHeader> | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_LINE_BYTES)).toString('latin1');
  const begin = text.slice(0, PREFIX.length);
  if (!PREFIX.startsWith(begin)) throw badHeader('there is none');
  const end = text.indexOf('\r\n');
  if (end < 0) {
    if (text.length === MAX_LINE_BYTES) throw badHeader(`no line end within ${MAX_LINE_BYTES} bytes`);
    return undefined;
  }
  return { value: { ends: endsOf(text.slice(PREFIX.length, end)), tlvs: [] }, lengthBytes: end + 2 };
}

/** The line for a client's ends; of sockets without addresses it says that they are not known. */
export function encodeVersion1({ ends }: ProxyHeader): Uint8Array {
  return Buffer.from(`${PREFIX}${ends === undefined ? 'UNKNOWN' : wordsOf(ends)}\r\n`, 'latin1');
}

function endsOf(line: string): ProxyEnds | undefined {
  const [protocol, ...words] = line.split(' ');
  // What follows is to be ignored.
  if (protocol === 'UNKNOWN') return undefined;
  const known = FAMILIES.get(protocol as 'TCP4' | 'TCP6');
  const [source, destination, sourcePort, destinationPort] = words;
  const isWhole =
    known !== undefined &&
    words.length === 4 &&
    [source, destination].every(known.isAddress) &&
    [sourcePort, destinationPort].every(port => PORT.test(port) && Number(port) <= 65_535);
  if (!isWhole) throw badHeader(`'PROXY ${line.slice(0, 60)}' makes no sense`);
  const { family } = known;
  const end = (address: string, port: string): InternetAddress => ({ family, address, port: Number(port) });
  return { source: end(source, sourcePort), destination: end(destination, destinationPort) };
}

function wordsOf({ source, destination }: ProxyEnds): string {
  if (source.family === 'unix' || destination.family === 'unix') return 'UNKNOWN';
  const [from, to] = [plainAddress(source.address), plainAddress(destination.address)];
  const protocol = isIPv4(from) && isIPv4(to) ? 'TCP4' : 'TCP6';
  const [first, second] = protocol === 'TCP4' ? [from, to] : [source.address, destination.address].map(sixOf);
  return `${protocol} ${first} ${second} ${source.port} ${destination.port}`;
}

/** Without the zone, which means something on the other machine; of IPv4 as IPv6 has it. */
function sixOf(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address.split('%')[0];
}
