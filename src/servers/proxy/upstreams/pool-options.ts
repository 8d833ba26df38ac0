/** Options of a pool: several upstreams that serve the same, and how one of them is chosen. */
import {
  integer,
  milliseconds,
  nested,
  oneOf,
  text,
  type OptionTable,
  type OptionValues,
} from '../../../base/options.js';
import { BALANCES, type Balance } from '../balancers/choice.js';
import { PROXY_PROTOCOLS, type ProxyProtocol } from '../introduction/proxy-protocol/own-header.js';
import { checkPlan, type CheckOptions } from '../health/check-options.js';
import { filledListOf, ifGiven } from '../../../base/option-lists.js';
import { dnsPlan, type DnsOptions } from './dns-options.js';
import { upstreamPlan, type UpstreamOptions } from './upstream-options.js';

/** When an upstream that fails gets no connections, and how it comes back. */
export interface HealthOptions {
  /** Failed connections in a row, after which an upstream rests. Default 3. */
  readonly failures?: number;
  /** How long it rests; then one connection tries it. Default 10 s. */
  readonly restMs?: number;
  /** How long it takes to get its whole share again, which grows from a tenth. 0, the default, is at once. */
  readonly slowStartMs?: number;
  /** Connects to upstreams to find out how they are. Default: connections of clients alone tell. */
  readonly check?: CheckOptions;
}

/** Several upstreams that serve the same. */
export interface PoolOptions {
  /** At least one. */
  readonly upstreams: readonly UpstreamOptions[];
  /** Which of them gets a connection. Default 'round-robin'. */
  readonly balance?: Balance;
  /** How long connecting to one of them may take. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Upstreams that are tried for one client at most, before its connection is reset. Default 3. */
  readonly attempts?: number;
  readonly health?: HealthOptions;
  /**
   * Begins each connection to an upstream with a header of the PROXY protocol, which says who the client is. What a
   * proxy before this one has said is passed on. Default: none.
   */
  readonly proxyProtocol?: ProxyProtocol;
  /** How names of upstreams are looked up. */
  readonly dns?: DnsOptions;
  /** Bytes a second that all its clients share, by the name of a class of `limits`. Default: none. */
  readonly bandwidthClass?: string;
}

const HEALTH_OPTIONS = {
  failures: integer(1, 1_000_000, 3),
  restMs: milliseconds(10_000),
  slowStartMs: milliseconds(0),
  check: ifGiven(checkPlan),
} satisfies OptionTable<HealthOptions>;

const POOL_OPTIONS = {
  upstreams: filledListOf(upstreamPlan),
  balance: oneOf(BALANCES, 'round-robin'),
  connectTimeoutMs: milliseconds(5_000),
  attempts: integer(1, 1000, 3),
  health: nested(HEALTH_OPTIONS),
  proxyProtocol: oneOf(PROXY_PROTOCOLS),
  dns: dnsPlan,
  bandwidthClass: text('the name of a class of limits'),
} satisfies OptionTable<PoolOptions>;

/** The row of a table for a pool. */
export const poolPlan = nested(POOL_OPTIONS);

export type PoolPlan = OptionValues<typeof POOL_OPTIONS>;
