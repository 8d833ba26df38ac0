/** What endpoints and peers are given: names of queues, requests, topics and functions, and addresses. */
import { RingMemory, UNIT_BYTES } from '../ring/layout.js';
import type { MailboxAddress } from '../mailbox/address.js';
import { kindOf, shown } from '../../base/arguments.js';

const MAX_NAME_LENGTH = 256;
/** What a ring can have: four units, and 2^24. */
const MIN_MAILBOX_BYTES = 4 * UNIT_BYTES;
const MAX_MAILBOX_BYTES = 2 ** 24 * UNIT_BYTES;

export function isName(name: string): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_LENGTH;
}

/** @throws TypeError */
export function checkName(name: string): void {
  if (isName(name)) return;
  const given = typeof name === 'string' ? JSON.stringify(name.slice(0, MAX_NAME_LENGTH)) : shown(name);
  throw new TypeError(`name: ${given}; allowed: a string of 1 to ${MAX_NAME_LENGTH} characters`);
}

/** @throws TypeError */
export function checkAddress(address: MailboxAddress): void {
  const isAddress = typeof address === 'object' && address !== null && Number.isInteger(address.mailbox);
  if (isAddress && Number.isInteger(address.threadId) && isRing(address.ring)) return;
  throw new TypeError(`address: ${kindOf(address)}; allowed: the \`address\` of another thread's endpoint`);
}

/** @throws RangeError a size that no mailbox has. */
export function checkRingBytes(name: string, ringBytes: number): void {
  const isPower = typeof ringBytes === 'number' && Number.isInteger(Math.log2(ringBytes));
  if (isPower && ringBytes >= MIN_MAILBOX_BYTES && ringBytes <= MAX_MAILBOX_BYTES) return;
  throw new RangeError(
    `${name}: ${shown(ringBytes)}; allowed: powers of two from ${MIN_MAILBOX_BYTES} to ${MAX_MAILBOX_BYTES}`,
  );
}

function isRing(ring: SharedArrayBuffer): boolean {
  try {
    return new RingMemory(ring).unitCount > 0;
  } catch {
    return false;
  }
}
