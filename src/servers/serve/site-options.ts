/** What one site is made with: a directory, and how its files are served. */
import { checkObject, pathOf, shown } from '../../base/arguments.js';
import { listOf } from '../../base/option-lists.js';
import { described, type Schema } from '../../base/option-schema.js';
import {
  boolean,
  nested,
  oneOf,
  optional,
  required,
  requiredText,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import { FIELD_RULE_OPTIONS, type FieldRule } from './cache-rules.js';
import { FILE_CACHE_OPTIONS, type FileCacheOptions } from './file-cache.js';
import { checkCors, CORS, type Cors } from './cors.js';
import { REDIRECT_OPTIONS, type Redirect } from './redirects.js';

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

const ENDING = /^\.[^./A-Z]+$/;
const TYPE = /^[\w.+-]+\/[\x20-\x7e]+$/;
const NAME: Schema = { type: 'string', pattern: '^[^/]' };
const path = required<string | URL>((name, given) => void pathOf(name, given));
const names = listOf(requiredText('the name of a file'));
const index = (name: string, given: readonly string[] | undefined) => names(name, given ?? ['index.html']);
const pages = optional<Readonly<Record<number, string>>, Readonly<Record<number, string>>>(checkPages, {});
const types = optional<Readonly<Record<string, string>>, Readonly<Record<string, string>>>(checkTypes, {});

export const SITE_OPTIONS = {
  directory: described(path, { type: 'string', minLength: 1 }),
  index: described(index, names.schema!),
  listing: boolean(false),
  dotFiles: oneOf(['allow', 'deny'], 'deny'),
  precompressed: boolean(true),
  fallback: described(optional(checkName), NAME),
  errorPages: described(pages, {
    type: 'object',
    patternProperties: { '^[45]\\d\\d$': NAME },
    additionalProperties: false,
  }),
  rules: listOf<FieldRule, FieldRule>(nested(FIELD_RULE_OPTIONS)),
  types: described(types, {
    type: 'object',
    patternProperties: { [ENDING.source]: { type: 'string', pattern: TYPE.source } },
    additionalProperties: false,
  }),
  redirects: listOf<Redirect, Redirect>(nested(REDIRECT_OPTIONS)),
  cors: described(optional(checkCors), CORS),
  cache: nested(FILE_CACHE_OPTIONS),
} satisfies OptionTable<SiteOptions>;

export type SiteValues = OptionValues<typeof SITE_OPTIONS>;

function checkTypes(name: string, types: Readonly<Record<string, string>>): void {
  checkObject(name, types);
  for (const [ending, type] of Object.entries(types)) {
    if (ENDING.test(ending) && TYPE.test(type)) continue;
    throw new TypeError(
      `${name}['${ending}']: allowed: endings in small letters, '.wgsl', and a type each, 'text/wgsl'`,
    );
  }
}

function checkName(name: string, given: string): void {
  if (typeof given === 'string' && given !== '' && !given.startsWith('/')) return;
  throw new TypeError(
    `${name}: ${shown(given)}; allowed: the name of a file below the directory, without a slash before it`,
  );
}

function checkPages(name: string, pages: Readonly<Record<number, string>>): void {
  checkObject(name, pages);
  for (const [status, page] of Object.entries(pages)) {
    if (!/^[45]\d\d$/.test(status)) throw new RangeError(`${name}: ${status}; allowed: statuses from 400 to 599`);
    checkName(`${name}[${status}]`, page);
  }
}
