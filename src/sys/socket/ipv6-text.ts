/** The text of an IPv6 address: the canonical short form of RFC 5952, as Node writes it and Bun does not. */

const GROUPS = 8;
/** Where an IPv4 address begins in one that embeds it. */
const EMBEDDED = 6;

/** @param bytes 16 of them, in network order. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let index = 0; index < GROUPS; index++) groups.push(bytes[2 * index] * 256 + bytes[2 * index + 1]);
  const zeros = longestZeros(groups);
  if (embedsIpv4(groups, zeros)) {
    return `${shortened(groups.slice(0, EMBEDDED), zeros)}${bytes.subarray(2 * EMBEDDED).join('.')}`;
  }
  return shortened(groups, zeros);
}

interface Run {
  readonly start: number;
  readonly end: number;
}

/** The first of the longest runs of zeros. One group alone is none. */
function longestZeros(groups: readonly number[]): Run {
  let longest: Run = { start: 0, end: 0 };
  for (let start = 0; start < GROUPS; start++) {
    let end = start;
    while (end < GROUPS && groups[end] === 0) end++;
    if (end - start > Math.max(1, longest.end - longest.start)) longest = { start, end };
    start = Math.max(start, end - 1);
  }
  return longest;
}

/** IPv4-mapped (::ffff:1.2.3.4) and IPv4-compatible (::1.2.3.4) addresses. */
function embedsIpv4(groups: readonly number[], { start, end }: Run): boolean {
  return start === 0 && (end === EMBEDDED || (end === EMBEDDED - 1 && groups[end] === 0xffff));
}

/** Of an address that goes on behind its groups, with the colon behind them. */
function shortened(groups: readonly number[], { start, end }: Run): string {
  const text = (part: readonly number[]) => part.map(group => group.toString(16)).join(':');
  const goesOn = groups.length < GROUPS;
  if (start === end) return text(groups) + (goesOn ? ':' : '');
  const rest = groups.slice(Math.min(end, groups.length));
  return `${text(groups.slice(0, start))}::${text(rest)}${goesOn && rest.length > 0 ? ':' : ''}`;
}
