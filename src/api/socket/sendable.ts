/** What can be sent or written: text and bytes, of whatever realm they come from. */
import { isUint8Array } from '../../base/kinds.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import { kindOf } from '../../base/arguments.js';

/** What `send` and `write` take. A string goes out as UTF-8. */
export type Sendable = string | Uint8Array | BufferList;

/** @throws TypeError */
export function checkSendable(name: string, data: Sendable, allowed = 'string, Uint8Array, BufferList'): void {
  // By kind and not by class: another realm (a vm context, a test environment) has classes of its own.
  if (typeof data === 'string' || data instanceof BufferList) return;
  checkBytes(name, data, allowed);
}

/** @throws TypeError no array of bytes, or one whose buffer was transferred. */
export function checkBytes(name: string, bytes: Uint8Array, allowed = 'Uint8Array'): void {
  if (!isUint8Array(bytes)) throw new TypeError(`${name}: ${kindOf(bytes)}; allowed: ${allowed}`);
  if (bytes.length === 0) checkAttached(name, bytes);
}

/** One that was transferred has no length either, and would be sent as nothing. */
function checkAttached(name: string, { buffer }: Uint8Array): void {
  try {
    new Uint8Array(buffer);
  } catch {
    throw new TypeError(`${name}: its buffer was transferred; allowed: arrays that still have theirs`);
  }
}
