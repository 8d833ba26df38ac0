/** A header of the PROXY protocol, of whichever version it is. */
import type { Parsed } from '../parsed.js';
import { SIGNATURE, type ProxyHeader } from './header.js';
import { parseVersion1 } from './version-1.js';
import { parseVersion2 } from './version-2.js';

/** A `HeadParser`. The first byte says which version it is. */
export function parseProxyHeader(bytes: Uint8Array): Parsed<ProxyHeader> | undefined {
  if (bytes.length === 0) return undefined;
  return bytes[0] === SIGNATURE[0] ? parseVersion2(bytes) : parseVersion1(bytes);
}
