/** Which pool a TLS client goes to, by what it asks for. */
import { shown } from '../../../base/arguments.js';
import { optional, requiredText, type OptionTable, type OptionValues } from '../../../base/options.js';
import { described, oneOrMoreTexts } from '../../../base/option-schema.js';
import type { ClientHello } from './client-hello/client-hello.js';

/** Where clients go that ask for a name or a protocol. What is left out matches every client. */
export interface RouteOptions {
  /** Names (SNI): 'example.org', or '*.example.org' for all below it. */
  readonly serverNames?: string | readonly string[];
  /** Protocols above TLS (ALPN), of which the client offers one: 'h2', 'http/1.1', 'postgresql'. */
  readonly protocols?: string | readonly string[];
  /** The name of the pool. */
  readonly pool: string;
}

const NAME = /^(?:\*\.)?[a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_])?$/i;

const names = optional((name, given: string | readonly string[]) =>
  checkAll(name, given, each => NAME.test(each), "names such as 'example.org' or '*.example.org'"),
);
const protocols = optional((name, given: string | readonly string[]) =>
  checkAll(name, given, each => each.length >= 1 && each.length <= 255, "names of protocols such as 'h2'"),
);

export const ROUTE_OPTIONS = {
  serverNames: described(names, oneOrMoreTexts({ pattern: NAME.source.replaceAll('a-z', 'a-zA-Z') })),
  protocols: described(protocols, oneOrMoreTexts({ minLength: 1, maxLength: 255 })),
  pool: requiredText('the name of a pool'),
} satisfies OptionTable<RouteOptions>;

type RoutePlan = OptionValues<typeof ROUTE_OPTIONS>;

export class Routes {
  private readonly routes;

  /** @param plans in their order: the first that fits decides. */
  constructor(plans: readonly RoutePlan[]) {
    this.routes = plans.map(({ serverNames, protocols, pool }) => ({
      names: serverNames === undefined ? undefined : listed(serverNames).map(name => name.toLowerCase()),
      protocols: protocols === undefined ? undefined : listed(protocols),
      pool,
    }));
  }

  get isEmpty(): boolean {
    return this.routes.length === 0;
  }

  /** @returns the name of the pool; undefined: no route fits. A client without TLS fits none. */
  find({ isTls, serverName, protocols: offered }: ClientHello): string | undefined {
    if (!isTls) return undefined;
    const found = this.routes.find(({ names, protocols }) => {
      if (names !== undefined && !names.some(name => fits(name, serverName))) return false;
      return protocols === undefined || offered.some(each => protocols.includes(each));
    });
    return found?.pool;
  }
}

function fits(pattern: string, serverName: string | undefined): boolean {
  if (serverName === undefined) return false;
  return pattern.startsWith('*.') ? serverName.endsWith(pattern.slice(1)) : serverName === pattern;
}

function listed(given: string | readonly string[]): readonly string[] {
  return typeof given === 'string' ? [given] : given;
}

function checkAll(
  name: string,
  given: string | readonly string[],
  isRight: (each: string) => boolean,
  allowed: string,
): void {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  const wrong = all.find(each => typeof each !== 'string' || !isRight(each));
  if (wrong !== undefined || all.length === 0) throw new TypeError(`${name}: ${shown(wrong)}; allowed: ${allowed}`);
}
