/** Options that say where a server listens. */
import { boolean, integer, oneOf, optional, text, type OptionTable } from '../../base/options.js';
import { kindOf } from '../../base/arguments.js';
import { Listener, type ListenOptions } from '../../index.js';

/** Where a server listens: those of `listen` of `pollux`, or a listener that is there. */
export interface PlaceOptions extends Pick<
  ListenOptions,
  'host' | 'port' | 'path' | 'mode' | 'ipv6Only' | 'backlog' | 'reusePort' | 'fd'
> {
  /** One that was opened elsewhere, in place of all that says where: the server owns it from now on. */
  readonly listener?: Listener;
}

export const PLACE_OPTIONS = {
  host: text('an address or a name of this machine'),
  port: integer(0, 65_535),
  path: text('a path'),
  mode: integer(0, 0o777),
  ipv6Only: boolean(),
  backlog: integer(1, 0x7fffffff),
  reusePort: oneOf(['off', 'prefer', 'require']),
  fd: integer(0, 0x7fffffff),
  listener: optional((name, given: Listener) => {
    if (!(given instanceof Listener)) throw new TypeError(`${name}: ${kindOf(given)}; allowed: a Listener`);
  }),
} satisfies OptionTable<PlaceOptions>;
