/** What this proxy has to say of a client that no other proxy has introduced. */
import type { Connection } from '../../../../index.js';
import { encodeVersion1 } from './version-1.js';
import { encodeVersion2 } from './version-2.js';
import type { ProxyHeader } from './header.js';

/** The versions of the PROXY protocol. */
export const PROXY_PROTOCOLS = ['v1', 'v2'] as const;

/** A version of the PROXY protocol: v1 is a line of text, v2 has room for fields beside the addresses. */
export type ProxyProtocol = (typeof PROXY_PROTOCOLS)[number];

/** Clients of Unix sockets have no address, so the header says that it is not known. */
export function headerOf(client: Connection): ProxyHeader {
  const [source, destination] = [client.remoteAddress, client.localAddress];
  const isKnown = source !== undefined && destination !== undefined && source.family !== 'unix';
  return { ends: isKnown ? { source, destination } : undefined, tlvs: [] };
}

export function encodeHeader(version: ProxyProtocol, header: ProxyHeader): Uint8Array {
  return version === 'v1' ? encodeVersion1(header) : encodeVersion2(header);
}
