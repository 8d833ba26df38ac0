/** From the path of a request to the name of a file, which is nothing but names below the directory. */

/** What may be named. */
export interface NameRules {
  /** Whether names may begin with a dot. `.well-known` always may. RFC 8615 */
  readonly dotFiles: 'allow' | 'deny';
}

/**
 * @param path as it was sent: '/a/b%20c'.
 * @returns 'a/b c', without a slash at its beginning; '' or one that ends in '/' names a directory. undefined: no file
 *   can have that name, since a part is '.', '..' or empty, or has a slash, a NUL or percent signs that are no UTF-8.
 */
export function fileNameOf(path: string, { dotFiles }: NameRules): string | undefined {
  if (path === '/') return '';
  const name = decoded(path.slice(1));
  if (name === undefined) return undefined;
  let start = 0;
  for (let end = name.indexOf('/'); ; end = name.indexOf('/', start)) {
    const isLast = end < 0;
    const stop = isLast ? name.length : end;
    if (stop === start) return isLast && start > 0 ? name : undefined;
    if (name.charCodeAt(start) === 0x2e && !mayBegin(name.slice(start, stop), dotFiles)) return undefined;
    if (isLast) return name;
    start = end + 1;
  }
}

function decoded(path: string): string | undefined {
  if (!/[%\\\x80-\xff]/.test(path)) return path;
  // A slash that is no separator to the client must be none here.
  if (/%2f|%5c|%00|\\/i.test(path)) return undefined;
  try {
    // Bytes that were sent as they are, are UTF-8 as those with percent signs.
    return decodeURIComponent(path.replace(/[\x80-\xff]/g, byte => `%${byte.charCodeAt(0).toString(16)}`));
  } catch {
    return undefined;
  }
}

function mayBegin(part: string, dotFiles: NameRules['dotFiles']): boolean {
  if (part === '.' || part === '..') return false;
  return dotFiles === 'allow' || part === '.well-known';
}
