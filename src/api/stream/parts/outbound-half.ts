/**
 * The outbound half of a connection: what `send` takes, and transfers that write in between. Made when something is
 * first sent.
 */
import { isUint8Array } from '../../../base/kinds.js';
import { WRITE_TURNS, SEND_BYTES_PER_TURN } from '../../../core/limits.js';
import { BufferList } from '../../../core/memory/buffer-list.js';
import { enqueue } from '../../../core/memory/enqueue.js';
import { leaveReserve } from '../../../core/memory/receive-buffer.js';
import { DONE, type Outcome } from '../../../core/operations/operation.js';
import { Send, sendSome, type SendOwner } from '../../../core/operations/send.js';
import { WriteTurns, type WriteSide, type WriteTurn } from '../../../core/operations/write-turns.js';
import type { Reactor } from '../../../core/reactor/reactor.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { settling, type Settling } from '../../settling.js';
import { checkSendable, type Sendable } from '../../socket/sendable.js';
import { titleOf } from '../../socket/socket.js';
import type { OutboundPart } from './connection-life.js';
import { cancelled } from './connection-parts.js';
import { canSend, isOver } from './connection-states.js';
import type { ConnectionView } from '../connection-view.js';

const RESOLVED = Promise.resolve();

/** Gives `sendSome` an array as a list, for the length of the call. */
const lent = new BufferList();

export class OutboundHalf implements SendOwner, WriteSide, OutboundPart {
  onDrain: (() => void) | undefined = undefined;

  /** Made when something has to wait for the first time. */
  private sender: Send | undefined = undefined;
  /** While transfers write. */
  private turns: WriteTurns | undefined = undefined;
  private needsDrain = false;
  private drained: Settling<void> | undefined = undefined;
  /** Bytes that went at once, and those of transfers that are over and of `send` before them. */
  private bytesSentBefore = 0;
  /** Bytes that had come in when something was last sent. */
  private answeredBytes = 0;

  constructor(private readonly connection: ConnectionView) {}

  get queuedBytes(): number {
    return (this.sender?.queue.length ?? 0) + (this.turns?.queuedBytes ?? 0);
  }

  get bytesSent(): number {
    return this.bytesSentBefore + (this.sender?.bytesSent ?? 0) + (this.turns?.bytesSent ?? 0);
  }

  send(data: Sendable): boolean {
    checkSendable('data', data);
    const { connection } = this;
    if (!canSend(connection.state)) {
      // Broken under the user's hands: onClose is on its way. Ended by the user's own order: a mistake.
      if (connection.failure !== undefined) return false;
      throw this.refusal();
    }
    if (data.length === 0) return !this.needsDrain;
    this.answeredBytes = connection.inbound.bytesReceived;
    const isOwn = typeof data === 'string';
    const part = isOwn ? this.encode(data) : data;
    this.checkCeiling(part.length);
    if (this.turns === undefined && this.postpone(part)) {
      // It goes with the next wait, as if the kernel had it.
    } else if (this.turns === undefined && this.sender?.isWaiting !== true) {
      if (this.sendAtOnce(part, isOwn)) return true;
      if (isOver(connection.state)) return false;
    } else {
      if (part instanceof BufferList) leaveReserve(part, connection.reactor.slab);
      enqueue(this.needSender().queue, part, isOwn);
    }
    connection.life?.onBlocked();
    if (this.queuedBytes >= connection.terms.limits.highWaterBytes) this.needsDrain = true;
    return !this.needsDrain;
  }

  /** Resolves when more may be sent. */
  write(data: Sendable): Promise<void> {
    try {
      if (this.send(data)) return RESOLVED;
    } catch (error) {
      return Promise.reject(error);
    }
    const { state, failure, descriptor } = this.connection;
    if (isOver(state)) return Promise.reject(failure ?? cancelled('send', descriptor));
    this.drained ??= settling();
    return this.drained.promise;
  }

  // For transfers

  get reactor(): Reactor {
    return this.connection.reactor;
  }

  get isClosed(): boolean {
    return isOver(this.connection.state);
  }

  get ownFd(): number {
    return this.connection.ownFd;
  }

  get isSocket(): boolean {
    return this.connection.isSocket;
  }

  checkTurn(name: string, queuedBytes: number): void {
    if (!canSend(this.connection.state)) throw this.refusal(name);
    this.checkCeiling(queuedBytes);
    if ((this.turns?.length ?? 0) < WRITE_TURNS) return;
    const explanation = `${WRITE_TURNS} transfers wait already; await some of them first`;
    throw new IoError('ENOBUFS', 'send', titleOf(this.connection.descriptor, name), explanation);
  }

  /** Lets a transfer write, behind everything sent before and before everything sent later. */
  takeTurn(turn: WriteTurn): void {
    this.checkTurn(turn.sinkName, turn.queuedBytes);
    this.answeredBytes = this.connection.inbound.bytesReceived;
    const turns = (this.turns ??= new WriteTurns(this.connection.descriptor, sender => this.submit(sender)));
    if (this.sender !== undefined && this.sender.queue.length > 0) {
      turns.add(this.sender);
      this.sender = undefined;
    }
    turns.add(turn);
    this.advanceTurns();
    this.connection.life?.onBlocked();
  }

  endTurn(turn: WriteTurn, rest?: BufferList): void {
    let sender: Send | undefined;
    if (rest !== undefined && rest.length > 0) {
      sender = new Send(this);
      sender.queue.append(rest);
    }
    if (this.turns?.remove(turn, sender) !== true) return;
    this.bytesSentBefore += turn.bytesSent;
    if (!this.isClosed) this.advanceTurns();
  }

  onTurnProgress(): void {
    this.connection.life?.onWriteProgress();
  }

  breakTurn(failure: Error): void {
    this.connection.reset(failure);
  }

  // For the driver

  onSendProgress(): void {
    const { connection } = this;
    connection.life?.onWriteProgress();
    if (!this.needsDrain || this.queuedBytes > connection.terms.limits.lowWaterBytes) return;
    this.needsDrain = false;
    this.settleDrained();
    if (canSend(connection.state) && this.onDrain !== undefined) {
      connection.descriptor.scope.run(this.onDrain, connection);
    }
  }

  onSendEnd(failure: Error | undefined): void {
    if (failure !== undefined) this.connection.needLife().fail(failure);
    else if (this.turns !== undefined) this.advanceTurns();
    // Something may have been sent between the end and this telling of it.
    else this.connection.life?.onFlushed();
  }

  // For the life of the connection

  get isFlushed(): boolean {
    return this.turns === undefined && this.queuedBytes === 0;
  }

  /** Whether everything is with the kernel, and nothing has come in since it was sent. */
  get hasAnswered(): boolean {
    return this.isFlushed && this.answeredBytes === this.connection.inbound.bytesReceived;
  }

  get waitsForPeer(): boolean {
    return this.turns === undefined ? this.queuedBytes > 0 : !this.turns.isHeld;
  }

  /** @throws IoError EBUSY: a transfer has the write side, or waits for it. */
  checkNoTurns(call: string): void {
    if (this.turns === undefined) return;
    const explanation = 'a transfer to the connection is under way; await it first';
    throw new IoError('EBUSY', call, titleOf(this.connection.descriptor), explanation);
  }

  /** Takes out what is queued, for another thread to send. Calls that wait for room return. */
  takeQueued(): Uint8Array {
    // What a ring has of it is known only once it is the driver's again.
    this.sender?.carrier?.recall();
    const queue = this.sender?.queue;
    const bytes = queue?.toBytes() ?? new Uint8Array(0);
    queue?.release();
    this.settleDrained();
    return bytes;
  }

  /** An orderly close waits for transfers that write; one that has no end of its own is told later in the turn. */
  tellClosing(): void {
    for (const turn of this.turns?.turns() ?? []) {
      if (turn.sinkClosing === undefined) continue;
      const failure = cancelled('send', this.connection.descriptor, turn.sinkName);
      this.reactor.defer({ onDeferred: () => turn.sinkClosing!(failure) });
    }
  }

  /** The descriptor is closed: writes that still wait are refused. */
  tellClosed(failure: Error | undefined): void {
    const { turns, drained } = this;
    const { descriptor } = this.connection;
    drained?.reject(failure ?? cancelled('send', descriptor));
    for (const turn of turns?.drop() ?? []) turn.broken(failure ?? cancelled('send', descriptor, turn.sinkName));
    if (turns !== undefined) this.sender?.queue.release();
  }

  /** What was postponed goes now. */
  hasten(): void {
    const { sender } = this;
    if (sender?.carrier === undefined) return;
    const { driver } = this.connection.reactor;
    driver.carrier!.hasten(sender);
    if (sender.queue.length === 0) driver.cancel(sender);
  }

  /** Has the next wait send it, where that can be. @returns whether it does. */
  private postpone(part: Uint8Array | BufferList): boolean {
    const { descriptor, reactor } = this.connection;
    const { carrier } = reactor.driver;
    if (carrier === undefined) return false;
    if (carrier.mayPostpone(descriptor) && carrier.postpone(descriptor, this.needSender(), part)) return true;
    this.hasten();
    return false;
  }

  /** Sends what the kernel takes now, and queues the rest. @returns whether all of it went. */
  private sendAtOnce(part: Uint8Array | BufferList, isOwn: boolean): boolean {
    const { driver } = this.connection.reactor;
    const { descriptor } = this.connection;
    const list = isUint8Array(part) ? lent.append(part) : part;
    const lengthBytes = list.length;
    let outcome: Outcome;
    try {
      outcome = sendSome(descriptor.fd, list, driver.counters, SEND_BYTES_PER_TURN);
    } catch (error) {
      this.bytesSentBefore += lengthBytes - list.length;
      list.release();
      this.connection.needLife().fail(error as Error);
      return false;
    }
    const restBytes = list.length;
    this.bytesSentBefore += lengthBytes - restBytes;
    if (outcome === DONE) {
      this.connection.life?.onWriteProgress();
      return true;
    }
    this.queueRest(list, isOwn || !isUint8Array(part) ? undefined : part.subarray(lengthBytes - restBytes));
    return false;
  }

  /**
   * @param foreign what is left of memory that is not ours after the call: it is copied, and otherwise the list moves.
   */
  private queueRest(list: BufferList, foreign: Uint8Array | undefined): void {
    const { reactor, descriptor } = this.connection;
    const sender = this.needSender();
    if (foreign === undefined) {
      sender.queue.append(list);
      leaveReserve(sender.queue, reactor.slab);
    } else {
      list.release();
      sender.queue.appendCopy(foreign);
    }
    try {
      reactor.driver.start(descriptor, sender);
    } catch (error) {
      this.connection.needLife().fail(error as Error);
    }
  }

  private needSender(): Send {
    return (this.sender ??= new Send(this));
  }

  private settleDrained(): void {
    this.drained?.resolve();
    this.drained = undefined;
  }

  /** Those in line move on; when the last has gone, what was sent meanwhile follows. */
  private advanceTurns(): void {
    const { turns } = this;
    if (turns === undefined) return;
    const retired = turns.advance();
    this.bytesSentBefore += retired;
    // A transfer that ended within `advance` has done this already.
    if (turns.length > 0 || this.turns !== turns || this.isClosed) return;
    this.turns = undefined;
    const { sender } = this;
    if (sender !== undefined && sender.queue.length > 0 && !this.submit(sender)) return;
    this.onSendProgress();
    this.connection.life?.onFlushed();
  }

  /** Tries to send what is queued. @returns whether all of it went. */
  private submit(sender: Send): boolean {
    const { connection } = this;
    try {
      if (!connection.reactor.driver.submit(connection.descriptor, sender)) return false;
    } catch (error) {
      connection.needLife().fail(error as Error);
      return false;
    }
    if (sender.failure !== undefined) {
      connection.needLife().fail(sender.failure);
      return false;
    }
    connection.life?.onWriteProgress();
    return true;
  }

  private refusal(name?: string): Error {
    const { state, failure, descriptor } = this.connection;
    const explanation =
      state === 'moved'
        ? 'the connection was moved to another thread'
        : state === 'closed'
          ? 'the connection was closed here'
          : 'the write side was ended or closed here';
    return failure ?? new IoError('EPIPE', 'send', titleOf(descriptor, name), explanation);
  }

  /** A string that the queue has no room for is refused before memory is taken for its bytes. */
  private encode(text: string): Uint8Array {
    // Each character is one to three bytes.
    const roomBytes = this.connection.terms.limits.maxQueuedBytes - this.queuedBytes;
    if (text.length > roomBytes) this.checkCeiling(text.length);
    else if (text.length * 3 > roomBytes) this.checkCeiling(Buffer.byteLength(text));
    return Buffer.from(text);
  }

  private checkCeiling(lengthBytes: number): void {
    const { maxQueuedBytes } = this.connection.terms.limits;
    if (lengthBytes > maxQueuedBytes) {
      throw new RangeError(
        `data: ${lengthBytes} bytes; allowed: at most maxQueuedBytes (${maxQueuedBytes}) in one piece`,
      );
    }
    const { queuedBytes } = this;
    if (queuedBytes + lengthBytes > maxQueuedBytes) {
      const explanation = `${queuedBytes} bytes are queued already; allowed: maxQueuedBytes (${maxQueuedBytes}). Wait for onDrain`;
      throw new IoError('ENOBUFS', 'send', titleOf(this.connection.descriptor), explanation);
    }
  }
}
