/** The header of the PROXY protocol: who the client is, as a proxy before this one says. */
import { IoError, type Address } from '../../../../index.js';

/** A field of version 2 beside the addresses, as it came. */
export interface ProxyTlv {
  /** 0 to 255: PP2_TYPE_ALPN is 1, PP2_TYPE_AUTHORITY 2, … */
  readonly type: number;
  readonly value: Uint8Array;
}

/** The two addresses of a client's connection. */
export interface ProxyEnds {
  readonly source: Address;
  readonly destination: Address;
}

export interface ProxyHeader {
  /** Undefined where the other proxy speaks for itself, as in a health check, or does not know. */
  readonly ends: ProxyEnds | undefined;
  /** Of version 2. */
  readonly tlvs: readonly ProxyTlv[];
}

/** More than a proxy has to say; HAProxy takes as much. */
export const MAX_HEADER_BYTES = 16 * 1024;

export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

export function badHeader(why: string): IoError {
  return new IoError('EPROTO', 'read', 'PROXY header', why);
}
