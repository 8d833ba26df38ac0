/** Paths that are answered with another place. */

/** A path, or all paths below one, that moved. */
export interface Redirect {
  /** The path, '/old'; with a star at its end, '/old/*', all that begins so. */
  readonly from: string;
  /** Where it is now: a path or a URL. A star at its end is replaced by what the star of `from` stood for. */
  readonly to: string;
  /** Default 301. */
  readonly status?: 301 | 302 | 303 | 307 | 308;
}

/** Where a path moved. */
export interface Moved {
  readonly status: number;
  readonly location: string;
}

/** @throws TypeError a redirect that makes no sense. */
export function compileRedirects(redirects: readonly Redirect[]): (path: string) => Moved | undefined {
  redirects.forEach(check);
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

function check({ from, to, status = 301 }: Redirect, index: number): void {
  if (typeof from !== 'string' || !from.startsWith('/'))
    throw new TypeError(`redirects[${index}].from: allowed: a path`);
  if (typeof to !== 'string' || !/^(?:\/|https?:\/\/)[\x21-\x7e]*$/.test(to)) {
    throw new TypeError(`redirects[${index}].to: allowed: a path, or a URL of http or https`);
  }
  if (![301, 302, 303, 307, 308].includes(status)) {
    throw new RangeError(`redirects[${index}].status: ${status}; allowed: 301, 302, 303, 307, 308`);
  }
}
