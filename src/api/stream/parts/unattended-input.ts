/** What there is of a connection's inbound half where no handler takes the bytes: the many that have one carry no room for it. */
import type { BorrowedReads } from './borrowed-reads.js';
import type { PeerWatch } from './peer-watch.js';
import type { Reader } from './reader.js';
import type { UnreadBytes } from './unread-bytes.js';

export interface UnattendedInput {
  peerWatch: PeerWatch | undefined;
  reader: Reader | undefined;
  unread: UnreadBytes | undefined;
  borrowed: BorrowedReads | undefined;
  isPaused: boolean;
  /** The peer has ended and nobody came: what is unread is received and kept, so that nothing keeps the descriptor. */
  keepsUnread: boolean;
}

/** Shared by all that have none of it. */
export const NOTHING: Readonly<UnattendedInput> = Object.freeze({
  peerWatch: undefined,
  reader: undefined,
  unread: undefined,
  borrowed: undefined,
  isPaused: false,
  keepsUnread: false,
});
