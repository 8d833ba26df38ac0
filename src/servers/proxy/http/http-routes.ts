/** Which pool gets a request, by its host and its path. */
import { shown } from '../../../base/arguments.js';
import { described, oneOrMoreTexts } from '../../../base/option-schema.js';
import { optional, requiredText, type OptionTable, type OptionValues } from '../../../base/options.js';

/** Where requests go for a host or a path. What is left out matches every request. */
export interface HttpRouteOptions {
  /** 'example.org', or '*.example.org' for all below it; without a port. */
  readonly hosts?: string | readonly string[];
  /** '/api' is the path itself and all below it: '/api/1', and not '/apis'. */
  readonly paths?: string | readonly string[];
  /** The name of the pool. */
  readonly pool: string;
}

const HOST = /^(?:\*\.)?[a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_])?$|^\[[\da-f:.]+\]$/i;
const PATH = /^\/[!-~]*$/;

const hosts = optional((name, given: string | readonly string[]) =>
  checkAll(name, given, HOST, "hosts such as 'example.org' or '*.example.org'"),
);
const paths = optional((name, given: string | readonly string[]) =>
  checkAll(name, given, PATH, "paths that begin with a slash, such as '/api'"),
);

export const HTTP_ROUTE_OPTIONS = {
  hosts: described(hosts, oneOrMoreTexts({ pattern: HOST.source.replaceAll('a-z', 'a-zA-Z') })),
  paths: described(paths, oneOrMoreTexts({ pattern: PATH.source })),
  pool: requiredText('the name of a pool'),
} satisfies OptionTable<HttpRouteOptions>;

type HttpRoutePlan = OptionValues<typeof HTTP_ROUTE_OPTIONS>;

export class HttpRoutes<Pool> {
  private readonly routes;

  /**
   * @param plans in their order: the first that fits decides.
   * @param poolOf finds a pool by its name.
   */
  constructor(plans: readonly HttpRoutePlan[], poolOf: (name: string) => Pool | undefined) {
    this.routes = plans.map(({ hosts, paths, pool }) => ({
      hosts: hosts === undefined ? undefined : listed(hosts).map(host => host.toLowerCase()),
      paths: paths === undefined ? undefined : listed(paths).map(path => path.replace(/\/+$/, '')),
      pool: poolOf(pool),
    }));
  }

  /**
   * @param host in lower case, without a port.
   * @param path as `plainPath` has it.
   * @returns undefined: no route fits.
   */
  find(host: string, path: string): Pool | undefined {
    for (const { hosts, paths, pool } of this.routes) {
      if (hosts !== undefined && !hosts.some(each => isHost(each, host))) continue;
      if (paths === undefined || paths.some(each => isBelow(each, path))) return pool;
    }
    return undefined;
  }
}

/** What two servers may read in two ways: dots, several slashes, escapes. */
const TWOFOLD = /[%\\]|\/[./]/;
const ESCAPE = /%([\da-f]{2})/gi;
/** Characters that an escape of which is the same as the character. RFC 3986, 2.3 */
const UNRESERVED = /[\w.~-]/;

/**
 * A path as an upstream will understand it: what goes to one pool must not lead into the paths of another by '..' or by
 * escapes. Routes are found by it; the upstream gets what was sent.
 *
 * @param target with its query or without.
 * @returns undefined: it leads above the root.
 */
export function plainPath(target: string): string | undefined {
  const end = target.indexOf('?');
  const path = end < 0 ? target : target.slice(0, end);
  if (!TWOFOLD.test(path)) return path;
  const plain = path.replace(ESCAPE, (escape, digits: string) => {
    const character = String.fromCharCode(parseInt(digits, 16));
    return UNRESERVED.test(character) || character === '/' ? character : escape;
  });
  const segments: string[] = [];
  const given = plain.split(/[/\\]+/);
  for (const segment of given) {
    if (segment === '..') {
      if (segments.length <= 1) return undefined;
      segments.pop();
    } else if (segment !== '.') segments.push(segment);
  }
  return segments.length <= 1 ? '/' : segments.join('/');
}

function isHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : host === pattern;
}

function isBelow(prefix: string, path: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f);
}

function listed(given: string | readonly string[]): readonly string[] {
  return typeof given === 'string' ? [given] : given;
}

function checkAll(name: string, given: string | readonly string[], allowed: RegExp, words: string): void {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  const wrong = all.find(each => typeof each !== 'string' || !allowed.test(each));
  if (wrong !== undefined || all.length === 0) throw new TypeError(`${name}: ${shown(wrong)}; allowed: ${words}`);
}
