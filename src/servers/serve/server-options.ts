/** What a static server is made with. */
import type { Listener, ListenOptions } from '../../index.js';
import { ifGiven } from '../../base/option-lists.js';
import { described, objectSchema } from '../../base/option-schema.js';
import { anything, callback, nested, optional, type OptionTable } from '../../base/options.js';
import { checkObject } from '../../base/arguments.js';
import { HTTP_CEILINGS, HTTP_TIMEOUTS, type HttpCeilings, type HttpTimeouts } from '../http/http-options.js';
import { ACCESS_LOG_OPTIONS, type AccessLogOptions } from '../http/access-log.js';
import { monitorPlace, type MonitorPlace } from '../monitor/place.js';
import { SITE_OPTIONS, type SiteOptions } from './site-options.js';
import { CERTIFICATE_OPTIONS, type CertificateOptions } from './certificate.js';

/** Where a static server listens: options of `listen`, or a listener that is there and is the server's now. */
export type ServedPlace = ListenOptions & { readonly listener?: Listener };

/**
 * What a static server is made with: those of its site, which answers for all hosts that have none of their own, and
 * its own.
 */
export interface StaticServerOptions extends SiteOptions {
  /**
   * Where to listen, in the words of `listen` of `pollux`, or `{ listener }` that is there; several places in an array.
   * Without it `serve` is given connections.
   */
  readonly listen?: ServedPlace | readonly ServedPlace[];
  /** Sites of hosts by their names: 'a.example', or '*.a.example' for all below it. */
  readonly hosts?: Readonly<Record<string, SiteOptions>>;
  /** Speaks TLS wherever `listen` says. Default: none. */
  readonly tls?: CertificateOptions;
  /** What a client may send at most. */
  readonly ceilings?: HttpCeilings;
  /** How long a client may take. */
  readonly timeouts?: HttpTimeouts;
  /** Where responses are logged. Default: nowhere. */
  readonly accessLog?: AccessLogOptions;
  /** Where Prometheus finds metrics (`/metrics`), by the package `prom-client`. Default: nowhere. */
  readonly metrics?: MonitorPlace;
  /** Where a page shows what the server does. Default: nowhere. */
  readonly status?: MonitorPlace;
  /**
   * Told of trouble that is not a client's: a disk that fails, a handler or a log that throws, no descriptor left
   * (EMFILE). Default: a warning of the process.
   */
  readonly onError?: (failure: Error) => void;
}

const HOST = /^(?:\*\.)?[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/;
const site = nested(SITE_OPTIONS);
const hosts = optional<Readonly<Record<string, SiteOptions>>, Readonly<Record<string, SiteOptions>>>(checkHosts, {});

export const SERVER_OPTIONS = {
  ...SITE_OPTIONS,
  listen: anything<ServedPlace | readonly ServedPlace[]>(),
  hosts: described(hosts, {
    type: 'object',
    patternProperties: { [HOST.source]: objectSchema(SITE_OPTIONS) },
    additionalProperties: false,
  }),
  tls: ifGiven(nested(CERTIFICATE_OPTIONS)),
  ceilings: nested(HTTP_CEILINGS),
  timeouts: nested(HTTP_TIMEOUTS),
  accessLog: ifGiven(nested(ACCESS_LOG_OPTIONS)),
  metrics: monitorPlace,
  status: monitorPlace,
  onError: callback<NonNullable<StaticServerOptions['onError']>>(),
} satisfies OptionTable<StaticServerOptions>;

/** The options of the site alone. */
export function siteOptionsOf(options: StaticServerOptions): SiteOptions {
  const own = Object.entries(options).filter(([name]) => Object.hasOwn(SITE_OPTIONS, name));
  return Object.fromEntries(own) as unknown as SiteOptions;
}

function checkHosts(name: string, hosts: Readonly<Record<string, SiteOptions>>): void {
  checkObject(name, hosts);
  for (const [host, options] of Object.entries(hosts)) {
    if (!HOST.test(host)) {
      throw new TypeError(
        `${name}['${host}']: allowed: names in small letters without a port, 'a.example' or '*.a.example'`,
      );
    }
    site(`${name}['${host}']`, options);
  }
}
