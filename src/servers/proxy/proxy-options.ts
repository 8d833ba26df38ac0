/** Options of a proxy. */
import { checkRate, shown } from '../../base/arguments.js';
import {
  callback,
  milliseconds,
  nested,
  required,
  valuesOf,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import { ifGiven, oneOrMore, recordOf } from '../../base/option-lists.js';
import { described } from '../../base/option-schema.js';
import { httpProxyPlan, type HttpProxyOptions } from './http/http-options.js';
import { atLeastOne } from './limits/most.js';
import { rate } from './limits/rate.js';
import { listenPlan, type ProxyListenOptions } from './listeners/listen-options.js';
import { monitorPlace, type MonitorPlace } from '../monitor/place.js';
import { CONNECTION_LOG_OPTIONS, type ConnectionLogOptions } from './session/connection-log.js';
import type { SessionRecord } from './session/session-record.js';
import { poolPlan, type PoolOptions } from './upstreams/pool-options.js';

/** What ends a proxied connection that does not end by itself. In milliseconds; 0 is never. */
export interface ProxyTimeouts {
  /** No byte either way for so long, and both ends are reset. Default 10 minutes. */
  readonly idleMs?: number;
  /** One side has ended, and no byte the other way for so long. Default 1 minute. */
  readonly halfCloseMs?: number;
  /** How long a connection lasts at most, whatever moves. Default 0. */
  readonly lifetimeMs?: number;
  /** What a client says before it goes to an upstream: a PROXY header, a TLS hello, a TLS handshake. Default 10 s. */
  readonly headMs?: number;
}

/** How much a proxy takes on. Infinity, the default of each, is no bound. */
export interface ProxyLimits {
  /** Clients at once, of all listeners; others wait in the kernel's backlog. */
  readonly connections?: number;
  /** Clients at once of one address; others are reset. */
  readonly connectionsPerSource?: number;
  /** Bytes a second of one connection, both ways together. */
  readonly bytesPerSecond?: number;
  /** Groups that share a rate, by name: pools and listeners say `bandwidthClass: 'name'`. */
  readonly classes?: Readonly<Record<string, BandwidthClassOptions>>;
}

/** Connections that share a rate. */
export interface BandwidthClassOptions {
  /** Of all of them, both ways together. */
  readonly bytesPerSecond: number;
}

/** Options of `createProxy`. */
export interface ProxyOptions {
  /** Where it listens; none, and it takes what is given to `take`. */
  readonly listen?: ProxyListenOptions | readonly ProxyListenOptions[];
  /** Where clients go to. */
  readonly pool?: PoolOptions;
  /** Further pools by name, for listeners that say `pool: 'name'`. */
  readonly pools?: Readonly<Record<string, PoolOptions>>;
  /** Clients speak HTTP: their requests are read, and each goes to an upstream of its own. Default: any bytes. */
  readonly http?: HttpProxyOptions;
  readonly timeouts?: ProxyTimeouts;
  readonly limits?: ProxyLimits;
  /** Where Prometheus finds metrics (`/metrics`), by the package `prom-client`. Default: nowhere. */
  readonly metrics?: MonitorPlace;
  /** Where a page shows what the proxy does. Default: nowhere. */
  readonly status?: MonitorPlace;
  /** A line for each client that is through. Default: nowhere. */
  readonly connectionLog?: ConnectionLogOptions;
  /** Told of each client that is through. */
  readonly onEnd?: (record: SessionRecord) => void;
  /** A listener met what it survives, such as no descriptor left (EMFILE). Without a handler a warning is emitted. */
  readonly onError?: (failure: Error) => void;
}

const TIMEOUTS = {
  idleMs: milliseconds(600_000),
  halfCloseMs: milliseconds(60_000),
  lifetimeMs: milliseconds(0),
  headMs: milliseconds(10_000),
} satisfies OptionTable<ProxyTimeouts>;

const CLASS_OPTIONS = {
  bytesPerSecond: described(required(checkRate), { type: 'number', exclusiveMinimum: 0 }),
} satisfies OptionTable<BandwidthClassOptions>;

const LIMITS = {
  connections: atLeastOne,
  connectionsPerSource: atLeastOne,
  bytesPerSecond: rate,
  classes: recordOf(nested(CLASS_OPTIONS)),
} satisfies OptionTable<ProxyLimits>;

export const PROXY_OPTIONS = {
  listen: oneOrMore(listenPlan),
  pool: ifGiven(poolPlan),
  pools: recordOf(poolPlan),
  http: ifGiven(httpProxyPlan),
  timeouts: nested(TIMEOUTS),
  limits: nested(LIMITS),
  metrics: monitorPlace,
  status: monitorPlace,
  connectionLog: ifGiven(nested(CONNECTION_LOG_OPTIONS)),
  onEnd: callback<NonNullable<ProxyOptions['onEnd']>>(),
  onError: callback<NonNullable<ProxyOptions['onError']>>(),
} satisfies OptionTable<ProxyOptions>;

export type ProxyPlan = OptionValues<typeof PROXY_OPTIONS>;

/** @throws TypeError, RangeError an option that makes no sense, named. */
export function proxyPlan(options: ProxyOptions): ProxyPlan {
  const plan = valuesOf(PROXY_OPTIONS, options);
  if (plan.pool === undefined && plan.pools.size === 0) {
    throw new TypeError('pool: missing; allowed: { upstreams: [...] }, or pools by name');
  }
  const named = new Map(plan.pool === undefined ? plan.pools : [['pool', plan.pool] as const, ...plan.pools]);
  for (const [name, { bandwidthClass }] of named) checkClass(`${name}.bandwidthClass`, bandwidthClass, plan);
  const { http } = plan;
  http?.routes.forEach(({ pool }, place) => checkPool(`http.routes[${place}].pool`, pool, plan));
  plan.listen.forEach(({ pool, routes, bandwidthClass, protocol }, index) => {
    const name = `listen[${index}]`;
    checkClass(`${name}.bandwidthClass`, bandwidthClass, plan);
    const isRouted = routes.length > 0 || (protocol !== 'tcp' && (http?.routes.length ?? 0) > 0);
    if (pool !== undefined || !isRouted) checkPool(`${name}.pool`, pool, plan);
    if (protocol === 'http' && http === undefined) throw new TypeError(`${name}.protocol: 'http'; allowed: with http`);
    routes.forEach((route, place) => checkPool(`${name}.routes[${place}].pool`, route.pool, plan));
  });
  return plan;
}

/** @throws TypeError a pool that is not there; none, and there is no default. */
function checkPool(name: string, pool: string | undefined, { pool: first, pools }: ProxyPlan): void {
  if (pool === undefined ? first !== undefined : pools.has(pool)) return;
  const known = [...pools.keys()].map(shown).join(', ');
  throw new TypeError(
    `${name}: ${pool === undefined ? 'missing' : shown(pool)}; allowed: ${known || 'none, without pools'}`,
  );
}

function checkClass(name: string, given: string | undefined, { limits }: ProxyPlan): void {
  if (given === undefined || limits.classes.has(given)) return;
  const known = [...limits.classes.keys()].map(shown).join(', ');
  throw new TypeError(`${name}: ${shown(given)}; allowed: ${known || 'none, without classes of limits'}`);
}
