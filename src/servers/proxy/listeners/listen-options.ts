/** Options of one of a proxy's listeners. */
import type { TlsOptions } from 'node:tls';
import { checkObject } from '../../../base/arguments.js';
import { anything, nested, oneOf, optional, text, type OptionTable, type OptionValues } from '../../../base/options.js';
import { ifGiven, listOf } from '../../../base/option-lists.js';
import { described, oneOrMoreTexts, type Schema } from '../../../base/option-schema.js';
import { PLACE_OPTIONS, type PlaceOptions } from '../../places/place-options.js';
import { AccessList, type AccessRule, type AccessVerdict } from '../access/access-list.js';
import { Networks } from '../access/networks.js';
import type { TrustedProxies } from '../introduction/reception.js';
import { ROUTE_OPTIONS, type RouteOptions } from '../introduction/routes.js';
import { atLeastOne } from '../limits/most.js';
import { rate } from '../limits/rate.js';

/** Which clients may connect: the first rule that names a client's address decides. */
export interface AccessOptions {
  /** In their order. Default: none. */
  readonly rules?: readonly AccessRule[];
  /** What becomes of all others. Default 'allow'. */
  readonly otherwise?: AccessVerdict;
}

/** Where a proxy listens, and whom it takes there. Those of `listen` say where. */
export interface ProxyListenOptions extends PlaceOptions {
  /**
   * What clients speak: 'http' is read and passed on request by request, 'tcp' is any bytes. Default: 'http' if the
   * proxy has options for it.
   */
  readonly protocol?: 'tcp' | 'http';
  /** The pool that clients of this listener go to. Default: `pool` of the proxy. */
  readonly pool?: string;
  /**
   * How many clients there are at once at most; others wait in the kernel's backlog. Infinity, the default, is no
   * bound.
   */
  readonly maxConnections?: number;
  /**
   * How many clients are accepted a second at most; others wait in the kernel's backlog. Infinity, the default, is no
   * bound.
   */
  readonly acceptsPerSecond?: number;
  /** Default: everybody may connect. */
  readonly access?: AccessOptions;
  /**
   * Proxies that begin each connection with a header of the PROXY protocol (version 1 or 2), by their networks; 'unix'
   * stands for clients of a Unix socket. They must send one, and all others must not. Default: none.
   */
  readonly trustedProxies?: string | readonly string[];
  /**
   * Where TLS clients go by what they ask for, without their TLS being ended: the first route that fits decides.
   * Clients that fit none, or do not speak TLS, go to `pool`.
   */
  readonly routes?: readonly RouteOptions[];
  /**
   * Ends TLS here, by the options of `tls.createServer`: the upstream gets what was encrypted as plain bytes. Default:
   * TLS goes to the upstream as it is.
   */
  readonly tls?: TlsOptions;
  /** Bytes a second that its clients share, by the name of a class of `limits`. Default: that of their pool. */
  readonly bandwidthClass?: string;
}

const RULE: Schema = {
  anyOf: ['allow', 'deny'].map(verdict => ({
    type: 'object',
    properties: { [verdict]: oneOrMoreTexts() },
    required: [verdict],
    additionalProperties: false,
  })),
};

const ACCESS_OPTIONS = {
  // Each rule is checked by the list.
  rules: listOf<AccessRule, AccessRule | undefined>(described(anything<AccessRule>(), RULE)),
  otherwise: oneOf(['allow', 'deny'], 'allow'),
} satisfies OptionTable<AccessOptions>;

const access = nested(ACCESS_OPTIONS);

function trustedProxies(name: string, given?: string | readonly string[]): TrustedProxies {
  const all = [given].flat() as readonly string[];
  return {
    networks: new Networks(
      all.filter(each => each !== 'unix'),
      name,
    ),
    unix: all.includes('unix'),
  };
}

function accessList(name: string, given?: AccessOptions): AccessList {
  const { rules, otherwise } = access(name, given);
  return new AccessList(rules as readonly AccessRule[], otherwise, `${name}.rules`);
}

export const LISTEN_OPTIONS = {
  ...PLACE_OPTIONS,
  protocol: oneOf(['tcp', 'http']),
  pool: text('the name of a pool'),
  maxConnections: atLeastOne,
  acceptsPerSecond: rate,
  bandwidthClass: text('the name of a class of limits'),
  access: described(accessList, access.schema!),
  trustedProxies: ifGiven(described(trustedProxies, oneOrMoreTexts())),
  routes: listOf(nested(ROUTE_OPTIONS)),
  tls: optional((name, given: TlsOptions) => checkObject(name, given)),
} satisfies OptionTable<ProxyListenOptions>;

/** The row of a table for a listener. */
export const listenPlan = nested(LISTEN_OPTIONS);

export type ListenPlan = OptionValues<typeof LISTEN_OPTIONS>;
