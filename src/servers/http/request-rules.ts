/**
 * What a request must be beyond what llhttp asks of it: whatever two servers could read in two ways is refused. RFC
 * 9112.
 */
import type { MessageHead } from './message-head.js';
import type { Refusal } from './message-parser.js';

/** A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. RFC 3986, 3.2.2 */
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/;
const DIGITS = /^\d{1,15}$/;
/** `http://host/path`: what a proxy is asked with. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/** @returns why the request can't be taken; undefined: it can. */
export function refusalOf(head: MessageHead): Refusal | undefined {
  if (head.major !== 1) return { status: 505, why: `HTTP/${head.major}.${head.minor}; allowed: HTTP/1.0, HTTP/1.1` };
  if (!head.isSpacedRight) return { status: 400, why: 'several spaces in the first line' };
  return hostRefusal(head) ?? framingRefusal(head) ?? expectRefusal(head);
}

/** Where a request goes: the host, in lower case and without its port, and path and query. */
export interface Destination {
  readonly host: string;
  /** The host as it was asked for, with its port; '' for none. */
  readonly authority: string;
  /** Begins with '/', or is '*'. */
  readonly path: string;
}

/** @returns undefined: a target in none of the forms that a server takes. */
export function destinationOf(head: MessageHead): Destination | undefined {
  const { target } = head;
  if (target.charCodeAt(0) === 0x2f || (target === '*' && head.method === 'OPTIONS')) {
    const authority = head.get('host') ?? '';
    return { host: hostName(authority), authority, path: target };
  }
  const [, host, rest] = ABSOLUTE.exec(target) ?? [];
  if (host === undefined || host === '' || !HOST.test(host)) return undefined;
  // It is the target that counts, whatever the field says.
  return { host: hostName(host), authority: host, path: rest.startsWith('/') ? rest : `/${rest}` };
}

function hostRefusal(head: MessageHead): Refusal | undefined {
  const count = head.count('host');
  if (count > 1) return { status: 400, why: 'several Host fields' };
  if (count === 0) return head.minor === 0 ? undefined : { status: 400, why: 'no Host field' };
  return HOST.test(head.get('host')!) ? undefined : { status: 400, why: 'a Host field that names no host' };
}

function framingRefusal(head: MessageHead): Refusal | undefined {
  const codings = head.count('transfer-encoding');
  const lengths = head.count('content-length');
  if (codings === 0 && lengths === 0) return undefined;
  if (codings > 0 && lengths > 0) return { status: 400, why: 'Transfer-Encoding and Content-Length' };
  if (lengths > 1) return { status: 400, why: 'several Content-Length fields' };
  if (lengths === 1) {
    return DIGITS.test(head.get('content-length')!) ? undefined : { status: 400, why: 'Content-Length is no number' };
  }
  // HTTP/1.0 has no chunks: who stands between may not have seen any.
  if (head.minor === 0) return { status: 400, why: 'Transfer-Encoding in HTTP/1.0' };
  const isChunked = codings === 1 && head.get('transfer-encoding')!.toLowerCase() === 'chunked';
  return isChunked ? undefined : { status: 501, why: 'a Transfer-Encoding other than chunked' };
}

function expectRefusal(head: MessageHead): Refusal | undefined {
  const expected = head.get('expect');
  if (expected === undefined || expected.toLowerCase() === '100-continue') return undefined;
  return { status: 417, why: 'Expect; allowed: 100-continue' };
}

function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}
