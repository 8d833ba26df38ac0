/** What functions are given: checks that say which argument is wrong, what it is, and what is allowed. */
import { fileURLToPath } from 'node:url';
import { isUint8Array, isUrl } from './kinds.js';
import { otherVersionOf } from './thread-state.js';

/** The largest number that a descriptor may have. */
export const MAX_DESCRIPTOR = 0x7fffffff;

/** What an argument of a wrong kind is called in a message: 'null', 'string', 'Array', 'Listener'. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const { constructor } = value;
  const version = otherVersionOf(value);
  if (version !== undefined) return `${constructor.name} of ${version}`;
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'object';
}

/** How a value that is out of range stands in a message: a string is told from a number. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  return kindOf(value);
}

/** @throws TypeError it is no object: null, for one. */
export function checkObject(name: string, value: object, example = ''): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new TypeError(`${name}: ${kindOf(value)}; allowed: an object${example}`);
}

/** What an error advises to a caller who gives a port or a path by itself, as to Node's functions. */
export function exampleOf(given: unknown): string {
  if (typeof given === 'number') return `, such as { port: ${given} }`;
  return typeof given === 'string' ? `, such as { path: ${shown(given)} } or { host: ${shown(given)}, port: 80 }` : '';
}

/** @throws TypeError */
export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new TypeError(`${name}: ${shown(value)}; allowed: true, false`);
}

/** @throws TypeError */
export function checkOneOf(name: string, value: string, names: readonly string[]): void {
  if (!names.includes(value)) throw new TypeError(`${name}: ${shown(value)}; allowed: ${names.join(', ')}`);
}

/** @throws RangeError */
export function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name}: ${shown(value)}; allowed: integers from ${least} to ${most}`);
  }
}

/** @throws RangeError */
export function checkDelay(name: string, delayMs: number): void {
  if (!Number.isFinite(delayMs) || delayMs < 0) {
    throw new RangeError(`${name}: ${shown(delayMs)}; allowed: milliseconds from 0`);
  }
}

/** @throws RangeError */
export function checkPort(port: number, least: 0 | 1): void {
  checkInteger('port', port, least, 65535);
}

/** @throws RangeError no positive number. */
export function checkRate(name: string, bytesPerSecond: number): void {
  if (typeof bytesPerSecond === 'number' && bytesPerSecond > 0) return;
  throw new RangeError(`${name}: ${shown(bytesPerSecond)}; allowed: numbers above 0, Infinity for no limit`);
}

/** @throws TypeError */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  // Not by its class, since there are others' that do, but by all that is used of it: what lacks a part would break
  // midway.
  const isWhole =
    typeof signal === 'object' &&
    signal !== null &&
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function' &&
    typeof signal.throwIfAborted === 'function';
  if (!isWhole) throw new TypeError(`signal: ${kindOf(signal)}; allowed: an AbortSignal`);
}

/** @throws TypeError */
export function checkCallback(name: string, callback: unknown): void {
  if (callback !== undefined) checkFunction(name, callback);
}

/** @throws TypeError it is none, or left out. */
export function checkFunction(name: string, given: unknown): void {
  if (typeof given !== 'function') throw new TypeError(`${name}: ${kindOf(given)}; allowed: a function`);
}

/** @throws TypeError no memory for bytes; RangeError none of it. */
export function checkRoom(name: string, given: Uint8Array): void {
  if (!isUint8Array(given)) throw new TypeError(`${name}: ${kindOf(given)}; allowed: a Uint8Array`);
  if (given.byteLength === 0) throw new RangeError(`${name}: an empty buffer; allowed: at least 1 byte`);
}

/** The path that was given, as it is or as a URL. @throws TypeError */
export function pathOf(name: string, given: string | URL): string {
  const path = isUrl(given) ? pathOfUrl(name, given) : given;
  if (typeof path !== 'string') throw new TypeError(`${name}: ${kindOf(path)}; allowed: a path, or a URL of a file`);
  if (path === '' || path.includes('\0')) {
    throw new TypeError(
      `${name}: '${path.replaceAll('\0', '\\0')}'; allowed: a path, which is not empty and has no NUL`,
    );
  }
  return path;
}

function pathOfUrl(name: string, url: URL): string {
  try {
    // Node's function takes only URLs that are complete, so one of another class is made anew.
    return fileURLToPath(url.href);
  } catch (error) {
    throw new TypeError(`${name}: ${url.href}; allowed: a URL of a file`, { cause: error });
  }
}
