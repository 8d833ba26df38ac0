/** Paths that are answered with another place. */
import { shown } from '../../base/arguments.js';
import { described } from '../../base/option-schema.js';
import { optional, required, type OptionTable } from '../../base/options.js';

/** A path, or all paths below one, that moved. */
export interface Redirect {
  /** The path, '/old'; with a star at its end, '/old/*', all that begins so. */
  readonly from: string;
  /** Where it is now: a path or a URL. A star at its end is replaced by what the star of `from` stood for. */
  readonly to: string;
  /** Default 301. */
  readonly status?: 301 | 302 | 303 | 307 | 308;
}

const STATUSES = [301, 302, 303, 307, 308] as const;
const PLACE = /^(?:\/|https?:\/\/)[\x21-\x7e]*$/;

const from = required((name, given: string) => {
  if (typeof given !== 'string' || !given.startsWith('/'))
    throw new TypeError(`${name}: ${shown(given)}; allowed: a path`);
});
const to = required((name, given: string) => {
  if (typeof given === 'string' && PLACE.test(given)) return;
  throw new TypeError(`${name}: ${shown(given)}; allowed: a path, or a URL of http or https`);
});
const status = optional((name, given: (typeof STATUSES)[number]) => {
  if (!STATUSES.includes(given)) throw new RangeError(`${name}: ${shown(given)}; allowed: ${STATUSES.join(', ')}`);
});

export const REDIRECT_OPTIONS = {
  from: described(from, { type: 'string', pattern: '^/' }),
  to: described(to, { type: 'string', pattern: PLACE.source }),
  status: described(status, { enum: STATUSES }),
} satisfies OptionTable<Redirect>;

/** Where a path moved. */
export interface Moved {
  readonly status: number;
  readonly location: string;
}

export function compileRedirects(redirects: readonly Redirect[]): (path: string) => Moved | undefined {
  return path => {
    for (const { from, to, status = 301 } of redirects) {
      if (from === path) return { status, location: to };
      if (!from.endsWith('*') || !path.startsWith(from.slice(0, -1))) continue;
      const rest = path.slice(from.length - 1);
      const location = to.endsWith('*') ? `${to.slice(0, -1)}${rest}` : to;
      // '//host' is another server to a browser.
      return { status, location: location.replace(/^\/[/\\]+/, '/') };
    }
    return undefined;
  };
}
