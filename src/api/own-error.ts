/** Errors of one's own that stand for one which others may have as well. */
import { types } from 'node:util';

/** Also one of another realm, such as a test runner's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** What the new one has of its own. */
const OWN = new Set(['stack', 'message', 'cause']);

/**
 * An error that says the same and can carry what is true for one alone. Whoever broke a connection, or aborted a signal, may
 * have ended many things by one error, which stays as it is and is the new one's `cause`.
 *
 * @returns of the same class, with the same name, message and properties.
 */
export function ownError(cause: Error): Error {
  const own = new Error(cause.message, { cause });
  // A DOMException, which is what AbortController gives, can't be made that way: its properties are got from within it.
  if (!(cause instanceof DOMException)) Object.setPrototypeOf(own, Object.getPrototypeOf(cause) as object);
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(cause))) {
    if (!OWN.has(key)) Object.defineProperty(own, key, { ...property, configurable: true });
  }
  for (const key of ['name', 'code'] as const) {
    const value = (cause as { readonly code?: unknown; readonly name: string })[key];
    if (value !== undefined && (own as { readonly code?: unknown; readonly name: string })[key] !== value) {
      Object.defineProperty(own, key, { value, configurable: true, writable: true });
    }
  }
  Error.captureStackTrace(own, ownError);
  return own;
}
