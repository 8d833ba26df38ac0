/** How a listener receives its clients: what it reads of them before they go to an upstream, and whom it takes. */
import type { TlsOptions } from 'node:tls';
import type { Connection } from '../../../index.js';
import { AccessList } from '../access/access-list.js';
import type { Networks } from '../access/networks.js';
import { sourceOf } from '../addresses.js';
import type { HttpGateway } from '../http/http-gateway.js';
import type { Pool } from '../upstreams/pool.js';
import { parseClientHello } from './client-hello/client-hello.js';
import { MAX_HELLO_BYTES } from './client-hello/handshake-bytes.js';
import { MAX_HEADER_BYTES, type ProxyHeader } from './proxy-protocol/header.js';
import { headerOf } from './proxy-protocol/own-header.js';
import { parseProxyHeader } from './proxy-protocol/parse.js';
import { readHead } from './read-head.js';
import { Routes } from './routes.js';

/** Which clients send headers of the PROXY protocol. */
export interface TrustedProxies {
  readonly networks: Networks;
  /** Clients of Unix sockets, which have no address. */
  readonly unix: boolean;
}

export interface Reception {
  readonly access: AccessList;
  /** Undefined: no client sends a header. */
  readonly trusted: TrustedProxies | undefined;
  readonly routes: Routes;
  /** TLS ends here; undefined: it goes to the upstream as it is, if it is any. */
  readonly tls: TlsOptions | undefined;
  /** Clients speak HTTP; undefined: nothing is known of their bytes. */
  readonly http: HttpGateway | undefined;
  /** Where clients go that no route takes; undefined: nowhere. */
  readonly pool: Pool | undefined;
  readonly pools: ReadonlyMap<string, Pool>;
  /** The name of what its clients share a rate with. */
  readonly bandwidthClass: string | undefined;
}

/** What is known of a client before it goes to an upstream. */
export interface Introduction {
  /** Its address, as a trusted proxy says or as the socket has it; empty for one that has none. */
  readonly source: string;
  /** For the upstream, if the pool says it to its upstreams. */
  readonly header: ProxyHeader | undefined;
  readonly pool: Pool | undefined;
}

/** A hello that is split into many records is longer. */
const HELLO_HEAD_BYTES = 2 * MAX_HELLO_BYTES;

/** A client that was accepted elsewhere, and goes to a pool as it is. */
export function plainReception(pool: Pool, http: HttpGateway | undefined): Reception {
  return {
    access: new AccessList([], 'allow'),
    trusted: undefined,
    routes: new Routes([]),
    tls: undefined,
    http,
    pool,
    pools: new Map(),
    bandwidthClass: undefined,
  };
}

/** Whether something has to be read first. */
export function readsFirst({ trusted, routes }: Reception): boolean {
  return trusted !== undefined || !routes.isEmpty;
}

/** @throws IoError (by the promise) EPROTO: what it sent makes no sense; what the connection broke with. */
export async function introduce(client: Connection, reception: Reception): Promise<Introduction> {
  const { trusted, routes, pool, pools } = reception;
  const peer = sourceOf(client.remoteAddress);
  const isTrusted = trusted !== undefined && (peer === '' ? trusted.unix : trusted.networks.has(peer));
  // Asked before TLS takes the socket over.
  const header = isTrusted ? await readHead(client, parseProxyHeader, MAX_HEADER_BYTES) : headerOf(client);
  const source = isTrusted && header.ends !== undefined ? sourceOf(header.ends.source) : peer;
  if (routes.isEmpty) return { source, header, pool };
  const name = routes.find(await readHead(client, parseClientHello, HELLO_HEAD_BYTES));
  return { source, header, pool: name === undefined ? pool : pools.get(name) };
}
