/** The giving side of a hand-over: what belongs to this thread becomes another's, and the descriptor with it. */
import { threadId } from 'node:worker_threads';
import { threadState } from '../base/thread-state.js';
import { close } from '../sys/file/io.js';
import { keepNonBlocking } from '../sys/file/open-description.js';
import { lend } from '../sys/file/owned-descriptors.js';
import type { InFlight, Detached, Movable, Move } from '../api/departure.js';
import { encode } from './messages/message.js';
import type { Offer } from './endpoint/offer.js';

/** The answers that take each kind, named by what a thread must call to get it: the error says so if it did not. */
const ANSWERS: Readonly<Record<Movable, string>> = {
  connection: 'pollux: receiveConnections',
  listener: 'pollux: receiveListeners',
  file: 'pollux: receiveFiles',
  'datagram socket': 'pollux: receiveDatagrams',
};

/** Bytes of one message: a quarter of a mailbox, so that others get through as well. */
const PART_BYTES = 128 * 1024;
/** Room for what a parcel or a part holds besides its bytes: numbers, limits, a path of the longest kind. */
const WRAPPING_BYTES = 8 * 1024;
/** Room for that, and for as much of a part or a state, in half of a mailbox, which is what a message may take. */
const MIN_MAILBOX_BYTES = 4 * WRAPPING_BYTES;

const made = threadState('moves', () => ({ moves: 0 }));

export function answerOf(kind: Movable): string {
  return ANSWERS[kind];
}

/** The answer that takes what is in flight of a kind. */
export function inFlightOf(kind: Movable): string {
  return `${ANSWERS[kind]}: in flight`;
}

/** Some of what is in flight, sent ahead of the descriptor; or the word that no descriptor follows. */
export type Part = InFlightPart | { readonly move: string; readonly of: 'nothing' };

export interface InFlightPart {
  readonly move: string;
  readonly of: keyof InFlight;
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

/** What a move needs of a peer. */
export interface Carrier {
  readonly threadId: number;
  readonly maxBytes: number;
  readonly mailboxBytes: number;
  request(name: string, payload: unknown): Promise<unknown>;
  offer(name: string, payload: unknown): Offer;
}

/**
 * A move to another thread. It is made before anything is taken apart, so that a state that can't be cloned costs
 * nothing.
 */
export class MoveToThread implements Move {
  /** The user's state, as it travels. */
  private readonly state: Uint8Array;
  private readonly number = `${threadId} ${made.moves++}`;

  /**
   * @throws TypeError the state can't be cloned.
   * @throws RangeError the other thread's mailbox is too small to move anything to, or the state too long for it.
   */
  constructor(
    private readonly carrier: Carrier,
    state: unknown,
  ) {
    const { threadId: to, mailboxBytes, maxBytes } = carrier;
    if (mailboxBytes < MIN_MAILBOX_BYTES) {
      throw new RangeError(
        `peer: the mailbox of thread ${to} has ${mailboxBytes} bytes; to move something there it needs ` +
          `${MIN_MAILBOX_BYTES}: openEndpoint({ ringBytes: ${MIN_MAILBOX_BYTES} }) or more in that thread`,
      );
    }
    // In an array, so that bytes are cloned like everything else.
    this.state = encode([state]).payload as Uint8Array;
    const allowed = maxBytes - WRAPPING_BYTES;
    if (this.state.length > allowed) {
      throw new RangeError(
        `state: ${this.state.length} bytes when cloned; allowed: up to ${allowed}, by the mailbox of thread ${to}`,
      );
    }
  }

  /**
   * Sends what is in flight ahead, then the descriptor. The other thread makes a duplicate of its own, or has nothing;
   * so this thread's number is closed at the end, whichever thread died meanwhile.
   *
   * @throws IoError EPIPE: the other thread has ended; ECANCELED: the peer was closed here.
   * @throws Error what the other thread says: it receives no such objects, or it has no room for one more descriptor.
   */
  async give(kind: Movable, { fd, details, inFlight }: Detached): Promise<void> {
    const { carrier, number: move, state } = this;
    try {
      if (inFlight !== undefined) {
        await this.sendParts(kind, 'queued', inFlight.queued);
        await this.sendParts(kind, 'unread', inFlight.unread);
      }
      lend(fd);
      const offer = carrier.offer(answerOf(kind), { fd, move, details, state } satisfies Parcel);
      try {
        await offer.answer;
      } catch (failure) {
        // The number must stay ours as long as the other thread may still duplicate it.
        await offer.withdraw();
        throw failure;
      }
    } catch (failure) {
      // What has arrived of the bytes in flight waits for its descriptor no more. Where this fails, that thread has
      // ended or is about to.
      if (inFlight !== undefined) carrier.request(inFlightOf(kind), { move, of: 'nothing' }).catch(() => {});
      throw failure;
    } finally {
      keepNonBlocking(fd);
      close(fd);
    }
  }

  private async sendParts(kind: Movable, of: keyof InFlight, bytes: Uint8Array): Promise<void> {
    const { carrier, number: move } = this;
    const partBytes = Math.min(PART_BYTES, carrier.maxBytes - WRAPPING_BYTES);
    for (let offset = 0; offset < bytes.length; offset += partBytes) {
      const part: InFlightPart = { move, of, bytes: bytes.subarray(offset, offset + partBytes) };
      await carrier.request(inFlightOf(kind), part);
    }
  }
}
