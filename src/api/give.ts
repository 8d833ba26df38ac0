/** The giving side of a hand-over: what belongs to this thread becomes another's, and the descriptor with it. */
import { threadId } from 'node:worker_threads';
import { threadState } from '../base/thread-state.js';
import { close } from '../sys/io.js';
import { keepNonBlocking } from '../sys/open-description.js';
import { lend } from '../sys/owned-descriptors.js';
import { kindOf } from './arguments.js';
import { encode } from './messages/message.js';
import { Peer } from './messages/peer.js';

// Named by what a thread must call to get them, as the error says if it did not.
export const CONNECTION = 'pollux: receiveConnections';
export const LISTENER = 'pollux: receiveListeners';
export const FILE = 'pollux: receiveFiles';
export const DATAGRAM_SOCKET = 'pollux: receiveDatagrams';

/** Bytes of one message: a quarter of a mailbox, so that others get through as well. */
const PART_BYTES = 128 * 1024;
/** Room for what a parcel or a part holds besides its bytes: numbers, limits, a path of the longest kind. */
const WRAPPING_BYTES = 8 * 1024;
/** Room for that, and for as much of a part or a state, in half of a mailbox, which is what a message may take. */
const MIN_MAILBOX_BYTES = 4 * WRAPPING_BYTES;

const made = threadState('moves', () => ({ moves: 0 }));

/** The answer that takes the baggage of a kind. */
export function baggageOf(name: string): string {
  return `${name}: baggage`;
}

/** What of a connection or a datagram socket the kernel does not have. */
export interface Baggage {
  /** Sent, and not yet taken by the kernel. */
  readonly queued: Uint8Array;
  /** Received by whoever had the connection before, and not yet read. */
  readonly unread: Uint8Array;
}

/** Some of it, on its way ahead of the descriptor; or the word that no descriptor follows. */
export type Part = BaggagePart | { readonly move: string; readonly of: 'nothing' };

export interface BaggagePart {
  readonly move: string;
  readonly of: keyof Baggage;
  readonly bytes: Uint8Array;
}

/** What the other thread makes its object of. `details` depend on what is moved. */
export interface Parcel<Details = unknown> {
  readonly fd: number;
  /** Names the parts that came before: unique in the process. */
  readonly move: string;
  readonly details: Details;
  readonly state: Uint8Array;
}

/** The user's state, as it travels: made before anything is taken apart, so that what can't be cloned costs nothing. */
export class PackedState {
  readonly bytes: Uint8Array;

  /**
   * @throws TypeError the peer is none, or the state can't be cloned.
   * @throws RangeError the other thread's mailbox is too small to move anything to, or the state too long for it.
   */
  constructor(
    readonly peer: Peer,
    state: unknown,
  ) {
    if (!(peer instanceof Peer)) {
      throw new TypeError(`peer: ${kindOf(peer)}; allowed: a Peer, such as endpoint.peer(address) or threads[0].peer`);
    }
    const { threadId: to, mailboxBytes } = peer;
    if (mailboxBytes < MIN_MAILBOX_BYTES) {
      throw new RangeError(
        `peer: the mailbox of thread ${to} has ${mailboxBytes} bytes; to move something there it needs ` +
          `${MIN_MAILBOX_BYTES}: openEndpoint({ ringBytes: ${MIN_MAILBOX_BYTES} }) or more in that thread`,
      );
    }
    // In an array, so that bytes are cloned like everything else.
    this.bytes = encode([state]).payload as Uint8Array;
    const allowed = peer.maxBytes - WRAPPING_BYTES;
    if (this.bytes.length > allowed) {
      throw new RangeError(
        `state: ${this.bytes.length} bytes when cloned; allowed: up to ${allowed}, by the mailbox of thread ${to}`,
      );
    }
  }
}

/**
 * Gives a descriptor away. This thread's number is closed at the end, whoever died meanwhile: the other thread makes a
 * duplicate of its own, or has nothing.
 *
 * @param name of the answer there, by kind. @param baggage goes ahead.
 * @throws IoError EPIPE: the other thread has ended; ECANCELED: the peer was closed here.
 * @throws Error what the other thread says: nobody receives such there, or it has no room for one more descriptor.
 */
export async function give(
  { peer, bytes: state }: PackedState,
  name: string,
  fd: number,
  details: object,
  baggage?: Baggage,
): Promise<void> {
  const move = `${threadId} ${made.moves++}`;
  try {
    if (baggage !== undefined) {
      await sendParts(peer, name, { move, of: 'queued', bytes: baggage.queued });
      await sendParts(peer, name, { move, of: 'unread', bytes: baggage.unread });
    }
    lend(fd);
    const offer = peer.offer(name, { fd, move, details, state } satisfies Parcel);
    try {
      await offer.answer;
    } catch (failure) {
      // The number must stay ours as long as the other thread may still duplicate it.
      await offer.withdraw();
      throw failure;
    }
  } catch (failure) {
    // What has arrived of the baggage waits for its descriptor no more. Where this fails, that thread has ended or is about to.
    if (baggage !== undefined) peer.request(baggageOf(name), { move, of: 'nothing' }).catch(() => {});
    throw failure;
  } finally {
    keepNonBlocking(fd);
    close(fd);
  }
}

async function sendParts(peer: Peer, name: string, { move, of, bytes }: BaggagePart): Promise<void> {
  const partBytes = Math.min(PART_BYTES, peer.maxBytes - WRAPPING_BYTES);
  for (let offset = 0; offset < bytes.length; offset += partBytes) {
    const part: BaggagePart = { move, of, bytes: bytes.subarray(offset, offset + partBytes) };
    await peer.request(baggageOf(name), part);
  }
}
