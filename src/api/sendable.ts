/** What can be sent or written: text and bytes, of whatever realm they come from. */
import { isUint8Array } from 'node:util/types';
import { BufferList } from '../core/buffer-list.js';
import { kindOf } from './arguments.js';

/** What `send` and `write` take. A string goes out as UTF-8. */
export type Sendable = string | Uint8Array | BufferList;

/** @throws TypeError */
export function checkSendable(name: string, data: Sendable, allowed = 'string, Uint8Array, BufferList'): void {
  // By kind and not by class: another realm (a vm context, a test environment) has classes of its own.
  if (typeof data === 'string' || isUint8Array(data) || data instanceof BufferList) return;
  throw new TypeError(`${name}: ${kindOf(data)}; allowed: ${allowed}`);
}
