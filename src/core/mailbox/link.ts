/**
 * The way from this thread to another's mailbox: a slot in its ring. What finds no room waits here, in order, until the
 * receiver wakes us.
 */
import { threadId } from 'node:worker_threads';
import type { WakeHandle } from '../../backends/contract.js';
import { CLOSED, HELD, RingMemory } from '../../base/ring/layout.js';
import { claimSlot, forEachUnread, releaseSlot } from '../../base/ring/senders.js';
import { FULL_ASLEEP, GONE, RingWriter } from '../../base/ring/writer.js';
import { IoError } from '../../sys/io-error.js';
import { WAITING_BYTES } from '../limits.js';
import type { MailboxAddress } from './address.js';
import type { Outgoing, Payload } from './outgoing.js';
import { awaitWakers, storeOwnerWake, wakeReceiver } from './waking.js';

/** Taken out of its prototype once: V8 looks it up anew in each call, which is a tenth of the time that a small message takes. */
const { set: setBytes } = Uint8Array.prototype;

/** What a link needs of the mailbox that it belongs to. */
export interface LinkOwner {
  readonly address: MailboxAddress;
  readonly counters: { sent: number; wakes: number };
  /** Messages begin or cease to wait here for room. */
  onWaiting(by: 1 | -1): void;
  onLinkClosed(link: Link): void;
}

export class Link {
  readonly memory: RingMemory;
  /** Called once when the receiver is found to have gone: closed or dead. `forEachUnread` then tells what was not read. */
  onGone: (() => void) | undefined = undefined;

  private readonly writer: RingWriter;
  private readonly sender: number;
  /** What waits for room, oldest first. What the receiver may hold back has a queue of its own, so that it stops nothing else. */
  private urgent: Outgoing[] = [];
  private held: Outgoing[] = [];
  private waitingBytes = 0;
  private gone = false;
  private closed = false;

  /**
   * @throws Error the receiver has no slot left.
   * @throws IoError EPIPE: it has gone.
   */
  constructor(
    private readonly owner: LinkOwner,
    readonly address: MailboxAddress,
  ) {
    this.memory = new RingMemory(address.ring);
    if (Atomics.load(this.memory.words, CLOSED) !== 0) throw this.goneError();
    this.sender = claimSlot(this.memory, threadId);
    if (this.sender < 0) {
      throw new Error(
        `link: ${this.memory.senderCount} threads send to ${this.target} already, which is what its mailbox has slots for`,
      );
    }
    const wake: WakeHandle = owner.address.wake;
    storeOwnerWake(this.memory, this.sender, wake);
    this.writer = new RingWriter(address.ring, this.sender);
  }

  /** The longest message. */
  get maxBytes(): number {
    return this.memory.maxRecordBytes;
  }

  get isGone(): boolean {
    return this.gone || Atomics.load(this.memory.words, CLOSED) !== 0;
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
    if (!this.mustWait(mayHold)) return this.put(payload, channel, tag, false);
    if (this.isGone) throw this.goneError();
    return false;
  }

  /**
   * Writes a message, or lets it wait for room.
   *
   * @returns true: written. false: it waits, and the bytes were copied; `outgoing.onSettled` follows.
   * @throws RangeError, IoError as `tryWrite`; IoError ENOBUFS: too much waits already.
   */
  submit(outgoing: Outgoing): boolean {
    const { payload, channel, tag, mayHold, revocable } = outgoing;
    if (!this.mustWait(mayHold) && this.put(payload, channel, tag, revocable)) {
      outgoing.written(this.writer.lastPosition);
      return true;
    }
    if (this.isGone) throw this.goneError();
    this.checkLength(payload.length);
    if (this.waitingBytes + payload.length > WAITING_BYTES) {
      throw new IoError(
        'ENOBUFS',
        'send',
        this.target,
        `${this.waitingBytes} bytes wait for room in its mailbox already`,
      );
    }
    outgoing.keep();
    (mayHold ? this.held : this.urgent).push(outgoing);
    this.waitingBytes += payload.length;
    this.owner.onWaiting(1);
    this.flush();
    return false;
  }

  /** Whether a message of that length could be sent, or wait. @throws RangeError, IoError ENOBUFS: it can't. */
  checkSendable(lengthBytes: number): void {
    this.checkLength(lengthBytes);
    if (this.waitingBytes + lengthBytes <= WAITING_BYTES) return;
    throw new IoError(
      'ENOBUFS',
      'send',
      this.target,
      `${this.waitingBytes} bytes wait for room in its mailbox already`,
    );
  }

  /** Takes a message back that is not in the receiver's hands. @returns false: it is, or it was taken back before. */
  revoke(outgoing: Outgoing): boolean {
    if (outgoing.position !== undefined) return this.writer.revoke(outgoing.position);
    const queue = outgoing.mayHold ? this.held : this.urgent;
    const index = queue.indexOf(outgoing);
    if (index < 0) return false;
    queue.splice(index, 1);
    this.waitingBytes -= outgoing.lengthBytes;
    this.owner.onWaiting(-1);
    return true;
  }

  /**
   * Whether the receiver may be reading a revocable message at this moment. It is also false of one that it has not begun
   * with, so `revoke` comes first.
   */
  isBeingRead({ position }: Outgoing): boolean {
    return position !== undefined && !this.isGone && this.writer.isTaken(position);
  }

  /** Tells the messages of this link that the receiver was not handed, oldest first. Only once it has gone. */
  forEachUnread(visit: (bytes: Uint8Array, channel: number, tag: number) => void): void {
    const { memory, writer } = this;
    if (writer.firstPosition === undefined) return;
    forEachUnread(memory, this.sender, writer.firstPosition, (start, lengthBytes, channel, tag) =>
      visit(memory.bytes.subarray(start, start + lengthBytes), channel, tag),
    );
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
    this.refuse(() => new IoError('ECANCELED', 'send', this.target, 'the link was closed here'));
    releaseSlot(this.memory, this.sender);
    awaitWakers(this.memory, this.sender);
    this.owner.onLinkClosed(this);
  }

  /** This thread was woken, maybe for this link's sake: there is room, or the receiver has gone. */
  onWoken(): void {
    if (this.closed || this.gone) return;
    if (Atomics.load(this.memory.words, CLOSED) !== 0) {
      this.gone = true;
      this.refuse(() => this.goneError());
      this.onGone?.();
      return;
    }
    if (this.waiting > 0 && !this.writer.wantsRoom) this.flush();
  }

  /** Whether something waits already that comes first, or the receiver holds us back. */
  private mustWait(mayHold: boolean): boolean {
    return this.urgent.length > 0 || (mayHold && (this.held.length > 0 || this.isHeld));
  }

  /** A hint, so a plain read will do; `flush` asks again after it has said that it waits. */
  private get isHeld(): boolean {
    return this.memory.words[HELD] !== 0;
  }

  private get target(): string {
    return `thread ${this.address.threadId}`;
  }

  private put(payload: Payload, channel: number, tag: number, revocable: boolean): boolean {
    const { writer } = this;
    if (this.gone) throw this.goneError();
    if (this.closed) throw new IoError('ECANCELED', 'send', this.target, 'the link was closed here');
    this.checkLength(payload.length);
    const offset = writer.reserve(payload.length);
    if (offset < 0) {
      if (offset === GONE) throw this.goneError();
      if (offset === FULL_ASLEEP) this.wake();
      return false;
    }
    if (payload instanceof Uint8Array) {
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
    this.flushQueue(this.urgent);
    if (this.urgent.length === 0 && !this.isHeld) this.flushQueue(this.held);
    if (this.waiting === 0) return;
    this.writer.wantRoom(this.urgent.length === 0 && this.isHeld);
    // Room may have come between the last try and the request.
    this.flushQueue(this.urgent);
    if (this.urgent.length === 0 && !this.isHeld) this.flushQueue(this.held);
    if (this.waiting === 0) this.writer.forgetRoom();
  }

  private flushQueue(queue: Outgoing[]): void {
    let written = 0;
    try {
      while (written < queue.length) {
        const outgoing = queue[written];
        if (!this.put(outgoing.payload, outgoing.channel, outgoing.tag, outgoing.revocable)) break;
        outgoing.written(this.writer.lastPosition);
        this.waitingBytes -= outgoing.lengthBytes;
        written++;
      }
    } finally {
      for (const outgoing of queue.splice(0, written)) this.settle(outgoing, undefined);
    }
  }

  private refuse(reason: () => Error): void {
    for (const queue of [this.urgent, this.held]) {
      for (const outgoing of queue.splice(0)) this.settle(outgoing, reason());
    }
    this.waitingBytes = 0;
  }

  private settle(outgoing: Outgoing, failure: Error | undefined): void {
    this.owner.onWaiting(-1);
    outgoing.onSettled?.(failure);
  }

  private checkLength(lengthBytes: number): void {
    if (lengthBytes <= this.maxBytes) return;
    throw new RangeError(
      `payload: ${lengthBytes} bytes; allowed: up to ${this.maxBytes}, half of the mailbox of ${this.target}`,
    );
  }

  private goneError(): IoError {
    return new IoError('EPIPE', 'send', this.target, 'the thread has ended or takes no more messages');
  }
}
