/**
 * One of the two ways from this thread into another's mailbox: a slot in one of its rings, and what waits here, in
 * order, until the receiver has room and wakes us.
 */
import { isUint8Array } from '../../base/kinds.js';
import { threadId } from 'node:worker_threads';
import { CLOSED, HELD, RingMemory } from '../ring/layout.js';
import { claimSlot, forEachUnread, releaseSlot } from '../ring/senders.js';
import { FULL_ASLEEP, RingWriter } from '../ring/writer.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import { WAITING_BYTES } from '../../core/limits.js';
import type { MailboxAddress } from './address.js';
import type { Outgoing, Payload } from './outgoing.js';
import { WaitingList } from './waiting-list.js';
import { awaitWakers, storeOwnerWake, wakeReceiver } from './waking.js';

/**
 * Taken out of its prototype once: V8 looks it up anew in each call, which is a tenth of the time that a small message
 * takes.
 */
const { set: setBytes } = Uint8Array.prototype;

/** What a lane needs of the mailbox that it belongs to. */
export interface LaneOwner {
  readonly address: MailboxAddress;
  readonly counters: { sent: number; wakes: number };
  /** Messages begin or cease to wait here for room. */
  onWaiting(by: 1 | -1): void;
}

export class Lane {
  readonly memory: RingMemory;
  private readonly writer: RingWriter;
  private readonly sender: number;
  /** What the receiver may hold back has a list and a ceiling of its own, so that it stops nothing else. */
  private readonly urgent = new WaitingList(WAITING_BYTES);
  private readonly held = new WaitingList(WAITING_BYTES);
  /** What waited when it was refused and nobody else is told of, oldest first. */
  private readonly refused = new Set<Outgoing>();
  private closed = false;

  /**
   * @param ring one of those of `address`.
   * @throws IoError ENOSPC: the receiver has no slot left; EPIPE: it has gone.
   */
  constructor(
    private readonly owner: LaneOwner,
    private readonly address: MailboxAddress,
    ring: SharedArrayBuffer,
  ) {
    this.memory = new RingMemory(ring);
    if (this.isGone) throw this.endError();
    this.sender = claimSlot(this.memory, threadId);
    if (this.sender < 0) {
      throw wrongState(
        'ENOSPC',
        'link',
        `${this.memory.senderCount} threads send to ${this.target} already, which is what its mailbox has slots for`,
      );
    }
    storeOwnerWake(this.memory, this.sender, owner.address.wake);
    // The thread that closes the ring wakes those it finds in the slots: it has seen us there, or we see that it is
    // closed.
    if (this.isGone) {
      this.release();
      throw this.endError();
    }
    this.writer = new RingWriter(ring, this.sender);
  }

  /** The longest message. */
  get maxBytes(): number {
    return this.memory.maxRecordBytes;
  }

  get isGone(): boolean {
    return Atomics.load(this.memory.words, CLOSED) !== 0;
  }

  /** Messages that wait for room. */
  get waiting(): number {
    return this.urgent.length + this.held.length;
  }

  /**
   * Writes a message if there is room and none waits before it. The payload is copied; a BufferList is left empty.
   *
   * @param mayHold whether the receiver may ask for less of it.
   * @returns false: no room, nothing was done.
   * @throws RangeError longer than `maxBytes`.
   * @throws IoError EPIPE: the receiver has gone.
   */
  tryWrite(payload: Payload, channel: number, tag: number, mayHold: boolean): boolean {
    if (!this.mustWait(mayHold) && this.put(payload, channel, tag, false)) return true;
    this.checkOpen();
    return false;
  }

  /**
   * Writes a message, or lets it wait for room.
   *
   * @param isOwed whether it waits however much waits already: an answer, of which there are no more than questions.
   * @returns true: written. false: it waits, and the bytes were copied; `outgoing.onSettled` follows.
   * @throws RangeError, IoError as `tryWrite`; IoError ENOBUFS: too much waits already.
   */
  submit(outgoing: Outgoing, isOwed = false): boolean {
    const { mayHold, payload } = outgoing;
    if (!this.mustWait(mayHold) && this.write(outgoing)) return true;
    this.checkOpen();
    if (isOwed) this.checkLength(payload.length);
    else this.checkSendable(payload.length, mayHold);
    outgoing.keep();
    this.listFor(mayHold).add(outgoing);
    this.owner.onWaiting(1);
    this.flush();
    return false;
  }

  /** @throws RangeError, IoError ENOBUFS: a message of that length could neither be sent nor wait. */
  checkSendable(lengthBytes: number, mayHold: boolean): void {
    this.checkLength(lengthBytes);
    const list = this.listFor(mayHold);
    if (list.hasRoomFor(lengthBytes)) return;
    throw new IoError(
      'ENOBUFS',
      'send',
      this.target,
      `${list.length} messages wait for room in its mailbox already, and take ${list.bytes} bytes`,
    );
  }

  /** Whether a message could wait for room, if there is none. */
  canWait(lengthBytes: number, mayHold: boolean): boolean {
    return this.listFor(mayHold).hasRoomFor(lengthBytes);
  }

  /**
   * Takes a message back that is not in the receiver's hands.
   * @returns false: it is, or it was taken back or told of before.
   */
  revoke(outgoing: Outgoing): boolean {
    if (outgoing.mark !== undefined) return outgoing.revocable && this.writer.revoke(outgoing.mark);
    if (this.listFor(outgoing.mayHold).remove(outgoing)) {
      this.owner.onWaiting(-1);
      return true;
    }
    return !outgoing.isTold && this.refused.delete(outgoing);
  }

  /**
   * Whether the receiver may be reading a revocable message at this moment. It is also false of one that it has not
   * begun with, so `revoke` comes first.
   */
  isBeingRead({ mark }: Outgoing): boolean {
    return mark !== undefined && !this.isGone && this.writer.isTaken(mark);
  }

  /**
   * Tells the messages of this lane that the receiver was not handed, oldest first, and of which nobody was told by
   * `onSettled`. Only once it has gone, or this lane is closed: then of those alone that never came into its ring.
   */
  forEachUnread(visit: (bytes: Uint8Array, channel: number, tag: number) => void): void {
    const { memory, writer } = this;
    if (this.isGone && writer.first !== undefined) {
      forEachUnread(memory, this.sender, writer.first, (start, lengthBytes, channel, tag) =>
        visit(memory.bytes.subarray(start, start + lengthBytes), channel, tag),
      );
    }
    for (const outgoing of [...this.refused]) {
      outgoing.isTold = true;
      const { payload, channel, tag } = outgoing;
      visit(isUint8Array(payload) ? payload : payload.toBytes(), channel, tag);
    }
  }

  /** Wakes the receiver's thread. */
  wake(): void {
    this.owner.counters.wakes++;
    wakeReceiver(this.memory, this.sender, this.address.wake);
  }

  /** Lets go of the receiver. What still waits is refused; what is in its ring it gets. Twice is allowed. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.refuseAll();
    this.release();
  }

  /** The receiver has gone: what waits is refused. */
  onGone(): void {
    this.refuseAll();
  }

  /** This thread was woken, maybe since there is room. */
  onWoken(): void {
    if (this.waiting > 0 && !this.writer.wantsRoom) this.flush();
  }

  private release(): void {
    releaseSlot(this.memory, this.sender, threadId, awaitWakers);
  }

  /**
   * Whether something waits already that comes first, or the receiver holds us back: a hint, which `flush` asks for
   * again.
   */
  private mustWait(mayHold: boolean): boolean {
    return this.urgent.length > 0 || (mayHold && (this.held.length > 0 || this.memory.words[HELD] !== 0));
  }

  private listFor(mayHold: boolean): WaitingList {
    return mayHold ? this.held : this.urgent;
  }

  private get target(): string {
    return `thread ${this.address.threadId}`;
  }

  private write(outgoing: Outgoing): boolean {
    const { payload, channel, tag, revocable } = outgoing;
    if (!this.put(payload, channel, tag, revocable)) return false;
    outgoing.written(revocable ? this.writer.last : undefined);
    return true;
  }

  /** @returns false: no room, or never any more. */
  private put(payload: Payload, channel: number, tag: number, revocable: boolean): boolean {
    const { writer } = this;
    if (this.closed) return false;
    this.checkLength(payload.length);
    const offset = writer.reserve(payload.length);
    if (offset < 0) {
      if (offset === FULL_ASLEEP) this.wake();
      return false;
    }
    if (isUint8Array(payload)) {
      setBytes.call(writer.bytes, payload, offset);
    } else {
      payload.copyTo(writer.bytes, offset);
      payload.release();
    }
    this.owner.counters.sent++;
    if (writer.commit(channel, tag, revocable)) this.wake();
    return true;
  }

  /** Writes what waits, as far as there is room; for the rest the receiver is asked to wake us. */
  private flush(): void {
    this.writeWaiting();
    if (this.waiting === 0) return;
    this.writer.wantRoom(this.urgent.length === 0 && this.isHeld);
    // Room may have come between the last try and the request.
    this.writeWaiting();
    if (this.waiting === 0) this.writer.forgetRoom();
  }

  private writeWaiting(): void {
    this.writeList(this.urgent);
    if (this.urgent.length === 0 && !this.isHeld) this.writeList(this.held);
  }

  /** The receiver says that it holds, and then looks who waits; we say that we wait, and then look whether it holds. */
  private get isHeld(): boolean {
    return Atomics.load(this.memory.words, HELD) !== 0;
  }

  private writeList(list: WaitingList): void {
    // Of a receiver that has gone the link learns in a turn, and refuses them all.
    const written = list.takeWhile(outgoing => this.write(outgoing));
    for (const outgoing of written) this.settle(outgoing, undefined);
  }

  private refuseAll(): void {
    for (const outgoing of [...this.urgent.takeAll(), ...this.held.takeAll()]) {
      if (outgoing.onSettled === undefined) this.refused.add(outgoing);
      this.settle(outgoing, this.endError());
    }
  }

  private settle(outgoing: Outgoing, failure: Error | undefined): void {
    this.owner.onWaiting(-1);
    outgoing.onSettled?.(failure);
  }

  /** @throws RangeError */
  checkLength(lengthBytes: number): void {
    if (lengthBytes <= this.maxBytes) return;
    throw new RangeError(
      `payload: ${lengthBytes} bytes; allowed: up to ${this.maxBytes}, half of the mailbox of ${this.target}`,
    );
  }

  /** @throws IoError EPIPE, ECANCELED: nothing is sent here any more. */
  private checkOpen(): void {
    if (this.closed || this.isGone) throw this.endError();
  }

  private endError(): IoError {
    if (!this.isGone) return new IoError('ECANCELED', 'send', this.target, 'the link was closed here');
    return new IoError('EPIPE', 'send', this.target, 'the thread has ended or takes no more messages');
  }
}
