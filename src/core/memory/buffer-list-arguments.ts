/** What the methods of buffer lists are given: what it must be, and what is said otherwise. */
import { checkInteger, kindOf, shown } from '../../base/arguments.js';
import { isUint8Array } from '../../base/kinds.js';

/** @throws TypeError */
export function bytesOf(part: string | Uint8Array): Uint8Array {
  if (typeof part === 'string') return Buffer.from(part);
  if (isUint8Array(part)) return part;
  throw new TypeError(`part: ${kindOf(part)}; allowed: string, Uint8Array, BufferList`);
}

/** @throws TypeError */
export function checkBytes(name: string, value: Uint8Array, allowed = 'a Uint8Array'): void {
  if (!isUint8Array(value)) throw new TypeError(`${name}: ${kindOf(value)}; allowed: ${allowed}`);
}

/** What `indexOf` looks for. @throws TypeError, RangeError */
export function soughtOf(sought: number | string | Uint8Array): number | Uint8Array {
  if (typeof sought === 'string') return Buffer.from(sought);
  if (isUint8Array(sought)) return sought;
  if (typeof sought !== 'number') {
    throw new TypeError(`sought: ${kindOf(sought)}; allowed: an integer from 0 to 255, string, Uint8Array`);
  }
  if (Number.isInteger(sought) && sought >= 0 && sought <= 255) return sought;
  throw new RangeError(`sought: ${sought}; allowed: integers from 0 to 255`);
}

/** @throws TypeError */
export function checkPosition(name: string, value: number): void {
  if (typeof value === 'number' && !Number.isNaN(value)) return;
  throw new TypeError(`${name}: ${shown(value)}; allowed: a number`);
}

/** @throws TypeError */
export function checkEncoding(encoding: BufferEncoding): void {
  if (Buffer.isEncoding(encoding)) return;
  throw new TypeError(`encoding: ${shown(encoding)}; allowed: utf8, utf16le, latin1, ascii, hex, base64, base64url`);
}

/** Whether there are bytes from `start` to before `end`. @throws TypeError, RangeError */
export function checkRange(start: number, end: number, lengthBytes: number): void {
  checkInteger('end', end, 0, lengthBytes);
  checkInteger('start', start, 0, end);
}
