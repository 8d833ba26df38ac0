/** Opens this thread's endpoint, with its options checked. */
import { integer, optional, valuesOf, type OptionTable } from '../../base/options.js';
import { currentReactor } from '../../api/thread-reactor.js';
import { MAILBOX_BYTES, MAILBOX_SENDERS } from '../../core/limits.js';
import type { MailboxOptions } from '../mailbox/mailbox.js';
import { checkRingBytes } from '../messages/checks.js';
import type { MessageTypes } from '../messages/message-types.js';
import { MAX_SENDERS } from '../ring/layout.js';
import { Endpoint } from './endpoint.js';

const ENDPOINT_OPTIONS = {
  ringBytes: optional(checkRingBytes, MAILBOX_BYTES),
  senders: integer(1, MAX_SENDERS, MAILBOX_SENDERS),
} satisfies OptionTable<MailboxOptions>;

/**
 * Opens this thread's endpoint; it has one. It lives in the thread's reactor.
 *
 * @typeParam Messages what this thread takes and answers, if it is declared.
 * @throws RangeError a size that is not allowed.
 * @throws TypeError an unknown option.
 * @throws IoError EALREADY: this thread has one. @throws Error no backend runs here.
 */
export function openEndpoint<Messages extends MessageTypes = MessageTypes>(
  options: MailboxOptions = {},
): Endpoint<Messages> {
  return new Endpoint(currentReactor(), valuesOf(ENDPOINT_OPTIONS, options));
}
