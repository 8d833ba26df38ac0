/** What can be sent or written: text and bytes, of whatever realm they come from. */
import { isUint8Array } from '../base/kinds.js';
import { BufferList } from '../core/buffer-list.js';
import { kindOf } from './arguments.js';

/** What `send` and `write` take. A string goes out as UTF-8. */
export type Sendable = string | Uint8Array | BufferList;

/** @throws TypeError */
export function checkSendable(name: string, data: Sendable, allowed = 'string, Uint8Array, BufferList'): void {
  // By kind and not by class: another realm (a vm context, a test environment) has classes of its own.
  if (typeof data === 'string' || data instanceof BufferList) return;
  if (isUint8Array(data)) {
    if (data.length === 0) checkAttached(name, data);
    return;
  }
  throw new TypeError(`${name}: ${kindOf(data)}; allowed: ${allowed}`);
}

/** One that was transferred has no length either, and would be sent as nothing. */
function checkAttached(name: string, { buffer }: Uint8Array): void {
  try {
    new Uint8Array(buffer);
  } catch {
    throw new TypeError(`${name}: its buffer was transferred; allowed: arrays that still have theirs`);
  }
}
