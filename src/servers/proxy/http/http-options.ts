/** Options of a proxy that speaks HTTP. */
import { shown } from '../../../base/arguments.js';
import {
  boolean,
  bytesAtMost,
  integer,
  milliseconds,
  nested,
  oneOf,
  optional,
  type OptionTable,
  type OptionValues,
} from '../../../base/options.js';
import { ACCESS_LOG_OPTIONS, type AccessLogOptions } from '../../http/access-log.js';
import { HTTP_CEILINGS, type HttpCeilings } from '../../http/http-options.js';
import { Networks } from '../access/networks.js';
import { ifGiven, listOf } from '../../../base/option-lists.js';
import { described, oneOrMoreTexts } from '../../../base/option-schema.js';
import { HTTP_ROUTE_OPTIONS, type HttpRouteOptions } from './http-routes.js';

/** What a client may send at most, and an upstream. */
export interface HttpProxyCeilings extends HttpCeilings {
  /** Of the body of a request: 413 beyond. Default Infinity, no bound. */
  readonly maxBodyBytes?: number;
  /** Of the head of a response: 502 beyond. Default 64 KiB. */
  readonly maxResponseHeadBytes?: number;
}

/** How long each phase of a request may take, in milliseconds; 0 is for ever. */
export interface HttpProxyTimeouts {
  /** Of a client, between two requests. Default 60 s. */
  readonly idleMs?: number;
  /** From the first byte of a head to its last: 408. Default 10 s. */
  readonly headMs?: number;
  /** Between two parts of a request's body: 408. Default 30 s. */
  readonly bodyMs?: number;
  /** A client takes no byte of a response: it is reset. Default 30 s. */
  readonly writeMs?: number;
  /** An upstream takes no byte of a request: 504. Default 30 s. */
  readonly sendMs?: number;
  /** From the end of a request to the head of its response: 504. Default 60 s. */
  readonly responseMs?: number;
  /** Between two parts of a response's body: the client is reset. Default 60 s. */
  readonly responseBodyMs?: number;
}

/** Connections to upstreams that are kept for the next request. */
export interface KeepAliveOptions {
  /** Of one upstream, at most; 0 keeps none. Default 64. */
  readonly maxPerUpstream?: number;
  /** Of all upstreams together. Default 1024. */
  readonly maxIdle?: number;
  /** How long one is kept; less where the upstream says so (`Keep-Alive: timeout=5`). Default 30 s. */
  readonly idleMs?: number;
  /** Requests of one connection. Default 10,000. */
  readonly maxRequests?: number;
}

/** How a proxy speaks HTTP/1.1, with clients and with upstreams. */
export interface HttpProxyOptions {
  /**
   * Which pool gets a request, by its host and path: the first route that fits decides. What fits none goes to the pool
   * of the listener; without one it is answered with 404.
   */
  readonly routes?: readonly HttpRouteOptions[];
  /**
   * Networks of proxies before this one: their `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` are taken for true
   * and added to. Of all other clients they are replaced. Default: none.
   */
  readonly trustedForwarders?: string | readonly string[];
  /** Whether `Forwarded` (RFC 7239) is sent beside `X-Forwarded-For`. Default false. */
  readonly forwarded?: boolean;
  /** What this proxy calls itself in `Via`; '' sends none. Default 'pollux'. */
  readonly via?: string;
  /** What upstreams get as `Host`: what the client asked for, or their own name. Default 'client'. */
  readonly host?: 'client' | 'upstream';
  /** Protocols that a client may change to, by the names of `Upgrade`. Default 'websocket'. */
  readonly upgrades?: readonly string[];
  readonly ceilings?: HttpProxyCeilings;
  readonly timeouts?: HttpProxyTimeouts;
  readonly keepAlive?: KeepAliveOptions;
  /** A line for each response. Default: nowhere. */
  readonly accessLog?: AccessLogOptions;
}

const CEILINGS = {
  ...HTTP_CEILINGS,
  maxBodyBytes: bytesAtMost('no limit', Infinity),
  maxResponseHeadBytes: integer(1024, 1 << 20, 64 * 1024),
} satisfies OptionTable<HttpProxyCeilings>;

const TIMEOUTS = {
  idleMs: milliseconds(60_000),
  headMs: milliseconds(10_000),
  bodyMs: milliseconds(30_000),
  writeMs: milliseconds(30_000),
  sendMs: milliseconds(30_000),
  responseMs: milliseconds(60_000),
  responseBodyMs: milliseconds(60_000),
} satisfies OptionTable<HttpProxyTimeouts>;

const KEEP_ALIVE = {
  maxPerUpstream: integer(0, 1_000_000, 64),
  maxIdle: integer(0, 1_000_000, 1024),
  idleMs: milliseconds(30_000),
  maxRequests: integer(1, Number.MAX_SAFE_INTEGER, 10_000),
} satisfies OptionTable<KeepAliveOptions>;

const PSEUDONYM = /^[\w!#$%&'*+.^`|~:-]{0,255}$/;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const upgrade = described(
  (name: string, given: string | undefined) => {
    if (typeof given === 'string' && TOKEN.test(given)) return given.toLowerCase();
    throw new TypeError(`${name}: ${shown(given)}; allowed: names of protocols such as 'websocket'`);
  },
  { type: 'string', pattern: TOKEN.source },
);
const upgrades = listOf(upgrade);

const via = optional((name, given: string) => {
  if (typeof given === 'string' && PSEUDONYM.test(given)) return;
  throw new TypeError(`${name}: ${shown(given)}; allowed: a name without spaces, or '' for none`);
}, 'pollux');

function forwarders(name: string, given?: string | readonly string[]): Networks {
  return new Networks(given!, name);
}

const HTTP_PROXY_OPTIONS = {
  routes: listOf(nested(HTTP_ROUTE_OPTIONS)),
  trustedForwarders: ifGiven(described(forwarders, oneOrMoreTexts())),
  forwarded: boolean(false),
  via: described(via, { type: 'string', pattern: PSEUDONYM.source, default: 'pollux' }),
  host: oneOf(['client', 'upstream'], 'client'),
  upgrades: described(
    (name: string, given: readonly string[] | undefined) => upgrades(name, given ?? ['websocket']),
    upgrades.schema!,
  ),
  ceilings: nested(CEILINGS),
  timeouts: nested(TIMEOUTS),
  keepAlive: nested(KEEP_ALIVE),
  accessLog: ifGiven(nested(ACCESS_LOG_OPTIONS)),
} satisfies OptionTable<HttpProxyOptions>;

/** The row of a table for it. */
export const httpProxyPlan = nested(HTTP_PROXY_OPTIONS);

export type HttpProxyPlan = OptionValues<typeof HTTP_PROXY_OPTIONS>;
