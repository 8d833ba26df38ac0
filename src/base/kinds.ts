/**
 * What a value is, by its kind and not by its class: another realm has classes of its own (a vm context, the
 * environments of test runners, an iframe's like), and `instanceof` takes their arrays, errors and URLs for something
 * else.
 */
import { isNativeError } from 'node:util/types';

export { isDate, isSharedArrayBuffer, isUint8Array } from 'node:util/types';

/** An error, of this realm or another. */
export function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error;
}

/** A URL of Node, of a browser's environment or of a polyfill: they share no class. */
export function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false;
  const { href, protocol } = value as Partial<URL>;
  return typeof href === 'string' && typeof protocol === 'string';
}
