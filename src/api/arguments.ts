/** What functions are given: checks that say which argument is wrong, what it is, and what is allowed. */
import { fileURLToPath } from 'node:url';

/** What an argument of a wrong kind is called in a message: 'null', 'string', 'Array', 'Listener'. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'object';
}

/** How a value that is out of range stands in a message: a string is told from a number. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `${value}`;
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  return kindOf(value);
}

/** @throws TypeError it is no object: null, for one. */
export function checkOptions(options: object, name = 'options'): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${name}: ${kindOf(options)}; allowed: an object`);
  }
}

/** @throws TypeError */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  // Not by its class: there are others' that do.
  if (typeof signal !== 'object' || signal === null || !('aborted' in signal)) {
    throw new TypeError(`signal: ${kindOf(signal)}; allowed: an AbortSignal`);
  }
}

/** @throws TypeError */
export function checkCallback(name: string, callback: unknown): void {
  if (callback !== undefined) checkFunction(name, callback);
}

/** @throws TypeError it is none, or left out. */
export function checkFunction(name: string, given: unknown): void {
  if (typeof given !== 'function') throw new TypeError(`${name}: ${kindOf(given)}; allowed: a function`);
}

/** The path that was given, as it is or as a URL. @throws TypeError */
export function pathOf(name: string, given: string | URL): string {
  const path = given instanceof URL ? pathOfUrl(name, given) : given;
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
    return fileURLToPath(url);
  } catch (error) {
    throw new TypeError(`${name}: ${url.href}; allowed: a URL of a file`, { cause: error });
  }
}
