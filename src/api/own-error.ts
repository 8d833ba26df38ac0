/** Errors that one operation owns, made from an error that other operations may have as well. */

/** What the new one has of its own. */
const OWN = new Set(['stack', 'message', 'cause']);

/**
 * An error that says the same and can carry what is true for one alone. Code that broke a connection, or aborted a
 * signal, may have ended many things by one error, which stays as it is and is the new one's `cause`. It may be
 * anybody's, and frozen, or with getters that throw: what can't be had of it is left out.
 *
 * @returns of the same class, with the same name, message and properties, and with `properties`.
 */
export function ownError<Properties extends object>(cause: Error, properties: Properties): Error & Properties {
  const message = read(cause, 'message');
  const own = new Error(typeof message === 'string' ? message : '', { cause });
  // A DOMException, which is what AbortController gives, can't be made that way: its properties are got from within it.
  if (!(cause instanceof DOMException)) Object.setPrototypeOf(own, Object.getPrototypeOf(cause) as object);
  for (const key of Object.getOwnPropertyNames(cause)) {
    if (!OWN.has(key)) define(own, key, read(cause, key), Object.prototype.propertyIsEnumerable.call(cause, key));
  }
  for (const key of ['name', 'code']) {
    const value = read(cause, key);
    // Its class may get it from a field of the object's own, which the new one has not.
    if (read(own, key) !== value) define(own, key, value);
  }
  for (const [key, value] of Object.entries(properties)) define(own, key, value, true);
  Error.captureStackTrace(own, ownError);
  return own as Error & Properties;
}

/** @returns undefined where its getter throws. */
function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}
