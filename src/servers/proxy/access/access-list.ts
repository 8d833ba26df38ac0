/** Which clients may connect: rules by network, of which the first that names an address decides. */
import { shown } from '../../../base/arguments.js';
import { Networks } from './networks.js';

/** One rule: networks as '10.0.0.0/8' or '2001:db8::/32', or single addresses. */
export type AccessRule = { readonly allow: string | readonly string[] } | { readonly deny: string | readonly string[] };

/** What becomes of an address. */
export type AccessVerdict = 'allow' | 'deny';

interface Step {
  readonly verdict: AccessVerdict;
  readonly networks: Networks;
}

export class AccessList {
  private readonly steps: readonly Step[];

  /**
   * @param rules in their order.
   * @param otherwise what becomes of addresses that no rule names, and of clients without one (Unix sockets).
   * @throws TypeError a rule that is none, named by its place.
   */
  constructor(
    rules: readonly AccessRule[],
    private readonly otherwise: AccessVerdict,
    name = 'rules',
  ) {
    this.steps = rules.map((rule, index) => stepOf(rule, `${name}[${index}]`));
  }

  /** Whether anybody is ever refused. */
  get refusesSome(): boolean {
    return this.otherwise === 'deny' || this.steps.some(({ verdict }) => verdict === 'deny');
  }

  /** @param address an IP address; of IPv4 also as '::ffff:10.0.0.1'. Empty for a client that has none. */
  allows(address: string): boolean {
    const step = this.steps.find(({ networks }) => networks.has(address));
    return (step === undefined ? this.otherwise : step.verdict) === 'allow';
  }
}

function stepOf(rule: AccessRule, name: string): Step {
  const entries = typeof rule === 'object' && rule !== null ? Object.entries(rule) : [];
  const [[verdict, given] = []] = entries;
  const isList = typeof given === 'string' || Array.isArray(given);
  if (entries.length !== 1 || (verdict !== 'allow' && verdict !== 'deny') || !isList) {
    throw new TypeError(`${name}: ${shown(rule)}; allowed: { allow: networks } or { deny: networks }`);
  }
  return { verdict, networks: new Networks(given, `${name}.${verdict}`) };
}
