/** Options of one upstream. */
import { isIP } from 'node:net';
import { shown } from '../../../base/arguments.js';
import { boolean, integer, nested, text, type Option, type OptionTable } from '../../../base/options.js';
import { described } from '../../../base/option-schema.js';
import { atLeastOne } from '../limits/most.js';

/** Where connections go to: a port of a host, or a Unix socket. */
export interface UpstreamOptions {
  /** A name or an address. Each address of a name is an upstream of its own. Default 'localhost'. */
  readonly host?: string;
  /** TCP port, 1 to 65535. */
  readonly port?: number;
  /** A Unix socket in place of host and port. */
  readonly path?: string;
  /** Its share of the connections beside that of others, 1 to 1000. Default 1. */
  readonly weight?: number;
  /** Whether it gets connections only while no other can. Default false. */
  readonly backup?: boolean;
  /** How many connections it has at most; the others get those beyond. Infinity, the default, is no bound. */
  readonly maxConnections?: number;
}

const UPSTREAM_OPTIONS = {
  host: text('an IP address or a host name'),
  port: integer(1, 65_535),
  path: text('a path'),
  weight: integer(1, 1000, 1),
  backup: boolean(false),
  maxConnections: atLeastOne,
} satisfies OptionTable<UpstreamOptions>;

/** Where an upstream is. */
export type UpstreamPlace = { readonly host: string; readonly port: number } | { readonly path: string };

/** An upstream as it was asked for, checked. */
export interface UpstreamPlan {
  readonly place: UpstreamPlace;
  readonly weight: number;
  readonly isBackup: boolean;
  readonly maxConnections: number;
}

const rows = nested(UPSTREAM_OPTIONS);

/** The row of a table for it. */
export const upstreamPlan: Option<UpstreamOptions, UpstreamPlan> = described(
  (name: string, given?: UpstreamOptions) => {
    const { host, port, path, weight, backup, maxConnections } = rows(name, given);
    return { place: placeOf(name, { host, port, path }), weight, isBackup: backup, maxConnections };
  },
  rows.schema!,
);

/** 'host:port', '[address]:port' or the path. */
export function nameOf(place: UpstreamPlace): string {
  if ('path' in place) return place.path;
  return isIP(place.host) === 6 ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`;
}

function placeOf(name: string, { host, port, path }: UpstreamOptions): UpstreamPlace {
  if (path !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new TypeError(`${name}.path: given beside host or port; allowed: one of the two`);
    }
    return { path };
  }
  if (port === undefined) throw new TypeError(`${name}.port: missing; allowed: integers from 1 to 65535, or a path`);
  if (host !== undefined && /[\s\0/]/.test(host)) {
    throw new TypeError(`${name}.host: ${shown(host)}; allowed: an IP address or a host name`);
  }
  return { host: host ?? 'localhost', port };
}
