/** What one site is made with: a directory, and how its files are served. */
import { boolean, nested, oneOf, optional, required, type OptionTable, type OptionValues } from '../../base/options.js';
import { kindOf, pathOf } from '../../base/arguments.js';
import type { FieldRule } from './cache-rules.js';
import { FILE_CACHE_OPTIONS, type FileCacheOptions } from './file-cache.js';
import { checkCors, type Cors } from './cors.js';
import type { Redirect } from './redirects.js';

/** One site: a directory, and how its files are served. */
export interface SiteOptions {
  /** The directory whose files are served: a path, or a URL of a file. Nothing outside of it is. */
  readonly directory: string | URL;
  /** What a directory is answered with, the first that is there. Default: index.html. */
  readonly index?: readonly string[];
  /**
   * A list of its files for a directory without an index: a page, or JSON for who accepts that first. Default false.
   */
  readonly listing?: boolean;
  /** Names that begin with a dot: 'deny' answers 404, but for `.well-known`. Default 'deny'. */
  readonly dotFiles?: 'allow' | 'deny';
  /** Sends `name.br`, `name.zst` or `name.gz` to who accepts it, if it is not older than `name`. Default true. */
  readonly precompressed?: boolean;
  /**
   * A file that answers GET for what is not there, if the client accepts HTML: the page of an application. Default:
   * none.
   */
  readonly fallback?: string;
  /** Files that are sent in the place of the words of a status: { 404: '404.html' }. */
  readonly errorPages?: Readonly<Record<number, string>>;
  /** Fields of files by patterns; the first that matches counts. */
  readonly rules?: readonly FieldRule[];
  /** Types of files by their endings, before those that are known: { '.wgsl': 'text/wgsl' }. */
  readonly types?: Readonly<Record<string, string>>;
  /** Paths that are answered with another place. */
  readonly redirects?: readonly Redirect[];
  /** Which other origins may read the files. Default: none. */
  readonly cors?: Cors;
  /** How much is kept of files that were served, and for how long. */
  readonly cache?: FileCacheOptions;
}

export const SITE_OPTIONS = {
  directory: required<string | URL>((name, given) => void pathOf(name, given)),
  index: optional(checkList<string>, ['index.html'] as readonly string[]),
  listing: boolean(false),
  dotFiles: oneOf(['allow', 'deny'], 'deny'),
  precompressed: boolean(true),
  fallback: optional(checkName),
  errorPages: optional<Readonly<Record<number, string>>, Readonly<Record<number, string>>>(checkPages, {}),
  rules: optional(checkList<FieldRule>, [] as readonly FieldRule[]),
  types: optional<Readonly<Record<string, string>>, Readonly<Record<string, string>>>(checkTypes, {}),
  redirects: optional(checkList<Redirect>, [] as readonly Redirect[]),
  cors: optional(checkCors),
  cache: nested(FILE_CACHE_OPTIONS),
} satisfies OptionTable<SiteOptions>;

export type SiteValues = OptionValues<typeof SITE_OPTIONS>;

function checkList<Each>(name: string, given: readonly Each[]): void {
  if (!Array.isArray(given)) throw new TypeError(`${name}: ${kindOf(given)}; allowed: an array`);
}

function checkTypes(name: string, types: Readonly<Record<string, string>>): void {
  for (const [ending, type] of Object.entries(types)) {
    if (/^\.[^./A-Z]+$/.test(ending) && /^[\w.+-]+\/[\x20-\x7e]+$/.test(type)) continue;
    throw new TypeError(
      `${name}['${ending}']: allowed: endings in small letters, '.wgsl', and a type each, 'text/wgsl'`,
    );
  }
}

function checkName(name: string, given: string): void {
  if (typeof given === 'string' && given !== '' && !given.startsWith('/')) return;
  throw new TypeError(
    `${name}: ${kindOf(given)}; allowed: the name of a file below the directory, without a slash before it`,
  );
}

function checkPages(name: string, pages: Readonly<Record<number, string>>): void {
  for (const [status, page] of Object.entries(pages)) {
    if (!/^[45]\d\d$/.test(status)) throw new RangeError(`${name}: ${status}; allowed: statuses from 400 to 599`);
    checkName(`${name}[${status}]`, page);
  }
}
