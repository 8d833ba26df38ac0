/** Options of how names of upstreams are looked up. */
import { milliseconds, nested, requiredText, type OptionTable, type OptionValues } from '../../../base/options.js';
import { listOf } from '../../../base/option-lists.js';

/** How names of upstreams are looked up, and how often. */
export interface DnsOptions {
  /** Name servers as 'address' or 'address:port'. Default: those of the system. */
  readonly servers?: readonly string[];
  /** A name is not looked up again before, though its records have a shorter lifetime. Default 1 s. */
  readonly leastLifetimeMs?: number;
  /** It is looked up again after so long, though its records have a longer one. Default 5 minutes. */
  readonly mostLifetimeMs?: number;
  /** For names that the system knows by itself, as of /etc/hosts. Default 30 s. */
  readonly unknownLifetimeMs?: number;
  /** From a look-up that failed to the next; the addresses stay as they were. Default 5 s. */
  readonly retryMs?: number;
}

const DNS_OPTIONS = {
  servers: listOf(requiredText('an address, with a port or not')),
  leastLifetimeMs: milliseconds(1_000),
  mostLifetimeMs: milliseconds(300_000),
  unknownLifetimeMs: milliseconds(30_000),
  retryMs: milliseconds(5_000),
} satisfies OptionTable<DnsOptions>;

export const dnsPlan = nested(DNS_OPTIONS);

export type DnsPlan = OptionValues<typeof DNS_OPTIONS>;
