/**
 * What there is of a connection's inbound half where no handler takes the bytes: the many that have one carry no room
 * for it.
 */
import type { BorrowedReads } from './borrowed-reads.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import type { Pull } from '../../pull.js';
import type { PeerWatch } from './peer-watch.js';
import type { UnreadBytes } from './unread-bytes.js';

export interface UnattendedInput {
  peerWatch: PeerWatch | undefined;
  /** Once somebody has read by `read`, `readInto` or `for await`. */
  pull: Pull<BufferList> | undefined;
  unread: UnreadBytes | undefined;
  /** What a reader is told in place of bytes that were thrown away. */
  lost: Error | undefined;
  borrowed: BorrowedReads | undefined;
  isPaused: boolean;
  /** The peer has ended and nobody came: what is unread is received and kept, so that nothing keeps the descriptor. */
  keepsUnread: boolean;
}

/** Shared by all that have none of it. */
export const NOTHING: Readonly<UnattendedInput> = Object.freeze({
  peerWatch: undefined,
  pull: undefined,
  unread: undefined,
  lost: undefined,
  borrowed: undefined,
  isPaused: false,
  keepsUnread: false,
});
