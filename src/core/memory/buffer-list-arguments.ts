/** What the methods of buffer lists are given: what it must be, and what is said otherwise. */
import { isUint8Array } from '../../base/kinds.js';

/** @throws RangeError */
export function checkInteger(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${name}: ${String(value)}; allowed: integers from 0 to ${most}`);
  }
}

/** @throws TypeError */
export function bytesOf(part: string | Uint8Array): Uint8Array {
  if (typeof part === 'string') return Buffer.from(part);
  if (isUint8Array(part)) return part;
  throw new TypeError(`part: ${part === null ? 'null' : typeof part}; allowed: string, Uint8Array, BufferList`);
}
