/** What endpoints and peers are given: names of queues, requests, topics and functions, and addresses. */
import type { MailboxAddress } from '../../core/mailbox/address.js';
import { kindOf, shown } from '../arguments.js';

const MAX_NAME_LENGTH = 256;

/** @throws TypeError */
export function checkName(name: string): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_LENGTH) return;
  const given = typeof name === 'string' ? JSON.stringify(name.slice(0, MAX_NAME_LENGTH)) : shown(name);
  throw new TypeError(`name: ${given}; allowed: a string of 1 to ${MAX_NAME_LENGTH} characters`);
}

/** @throws TypeError */
export function checkAddress(address: MailboxAddress): void {
  if (typeof address === 'object' && address !== null && address.ring instanceof SharedArrayBuffer) return;
  throw new TypeError(`address: ${kindOf(address)}; allowed: the \`address\` of another thread's endpoint`);
}
