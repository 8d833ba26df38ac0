/** IP addresses as bytes in network order, as version 2 of the PROXY protocol has them. */
import { isIPv4 } from 'node:net';

/** @param bytes 4 or 16. */
export function formatAddressBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words: string[] = [];
  for (let index = 0; index < 16; index += 2) words.push(((bytes[index] << 8) | bytes[index + 1]).toString(16));
  return shortened(words);
}

/** @param address of IPv4 or IPv6; of the latter without a zone. @returns 4 or 16 bytes. */
export function parseAddressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  // A tail in the form of IPv4 is two words.
  const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/, tail => {
    const [a, b, c, d] = tail.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [front, back] = plain.split('::').map(part => part.split(':').filter(word => word !== ''));
  const words =
    back === undefined ? front : [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return Uint8Array.from(words.flatMap(word => [parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff]));
}

/** The longest run of zeros, of two or more, is '::' (RFC 5952). */
function shortened(words: readonly string[]): string {
  let best = { from: 0, length: 1 };
  for (let from = 0; from < words.length; from++) {
    let length = 0;
    while (words[from + length] === '0') length++;
    if (length > best.length) best = { from, length };
  }
  if (best.length < 2) return words.join(':');
  return `${words.slice(0, best.from).join(':')}::${words.slice(best.from + best.length).join(':')}`;
}
