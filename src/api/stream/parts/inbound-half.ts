/** The inbound half of a connection: bytes from the kernel to a handler, or to a promise. */
import { connectionOpen } from '../../../core/observation/channels.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import { leaveReserve } from '../../../core/memory/receive-buffer.js';
import { ReceiveInto } from '../../../core/operations/receive-into.js';
import { Receive, type ReceiveOwner } from '../../../core/operations/receive.js';
import type { Deferred, Reactor } from '../../../core/reactor/reactor.js';
import { Pull, type PullSource } from '../../pull.js';
import { titleOf } from '../../socket/socket.js';
import { BorrowedReads } from './borrowed-reads.js';
import type { InboundPart } from './connection-life.js';
import { cancelled } from './connection-parts.js';
import { canSend, delivers, discards, isOver } from './connection-states.js';
import type { ConnectionView } from '../connection-view.js';
import { checkFree, checkNobodyWaits, checkNoOtherReader } from './one-reader.js';
import { PeerWatch } from './peer-watch.js';
import { NOTHING, type UnattendedInput } from './unattended-input.js';
import { thrownAway, UnreadBytes } from './unread-bytes.js';

type DataHandler = (chunk: BufferList) => void;

export class InboundHalf implements ReceiveOwner, PullSource<BufferList>, InboundPart, Deferred {
  bytesReceived = 0;
  onEnd: (() => void) | undefined = undefined;

  private handler: DataHandler | undefined = undefined;
  private receiver: Receive | undefined = undefined;
  private rare: Readonly<UnattendedInput> = NOTHING;

  constructor(readonly connection: ConnectionView) {}

  get reactor(): Reactor {
    return this.connection.reactor;
  }

  get onData(): DataHandler | undefined {
    return this.handler;
  }

  setHandler(handler: DataHandler | undefined): void {
    if (handler !== undefined) checkNoOtherReader(this);
    this.handler = handler;
    this.updateReceiving();
    if (isOver(this.connection.state) && this.hasUnread) this.reactor.defer({ onDeferred: () => this.handOnUnread() });
  }

  set isPaused(isPaused: boolean) {
    if (isPaused !== this.rare.isPaused) this.own().isPaused = isPaused;
    this.updateReceiving();
  }

  /** What `read` and `for await` take their chunks by. A connection with `onData` alone never has one. */
  needPull(): Pull<BufferList> {
    return this.rare.pull ?? (this.own().pull = new Pull(this));
  }

  takeNext(): BufferList | null | undefined {
    const { lost } = this;
    if (lost !== undefined) throw lost;
    if (this.isDelivering) return undefined;
    const { failure } = this.connection;
    const unread = this.takeOut();
    if (unread === undefined && failure !== undefined) throw failure;
    return unread ?? null;
  }

  onWaiting(): void {
    if (this.rare.pull!.isWaiting) this.startReceiving();
    else this.stopReceiving();
  }

  /**
   * @param name what the user of a transfer calls the connection.
   * @throws IoError EBUSY: somebody reads; EBADF: the connection was moved.
   */
  checkFree(call: string, name?: string): void {
    checkFree(this, call, name);
  }

  /**
   * What follows bytes that were thrown away is not handed on as if it followed those before.
   * @throws IoError ENOBUFS.
   */
  checkNothingLost(): void {
    if (this.lost !== undefined) throw this.lost;
  }

  get hasUnread(): boolean {
    return this.rare.unread !== undefined;
  }

  /**
   * Puts bytes back that come before what the kernel has.
   * @throws IoError EBUSY: somebody reads; EBADF: it was moved.
   */
  putBack(bytes: BufferList): void {
    checkNobodyWaits(this);
    if (bytes.length === 0) return;
    leaveReserve(bytes, this.reactor.slab);
    const own = this.own();
    (own.unread ??= new UnreadBytes()).putBack(bytes);
    this.updateReceiving();
  }

  /** The read side, for transfers. */
  get side(): BorrowedReads {
    return this.rare.borrowed ?? (this.own().borrowed = new BorrowedReads(this));
  }

  needPeerWatch(): PeerWatch {
    return this.rare.peerWatch ?? (this.own().peerWatch = new PeerWatch(this));
  }

  // For the driver and the reactor

  onReceived(chunk: BufferList): void {
    this.bytesReceived += chunk.length;
    const { life } = this.connection;
    if (life !== undefined) {
      life.onArrival();
      if (!delivers(life.state)) return;
    }
    this.handOn(chunk);
  }

  /** With a handler alone: who reads now and then leaves to the kernel what it has not asked for. */
  get takesAhead(): boolean {
    return this.handler !== undefined;
  }

  onLeftOver(chunk: BufferList): void {
    const { state } = this.connection;
    if (!delivers(state) && !discards(state)) return;
    this.onArrival(chunk.length);
    if (!delivers(state)) return;
    const own = this.own();
    (own.unread ??= new UnreadBytes()).add(chunk);
  }

  /** Bytes came otherwise than by the continuous operation. */
  onArrival(lengthBytes: number): void {
    this.bytesReceived += lengthBytes;
    this.connection.life?.onArrival();
  }

  onStarved(): void {
    this.stopReceiving();
    this.reactor.receiveBuffer.whenAvailable(this, () => this.updateReceiving());
  }

  onReceiveEnd(failure: Error | undefined): void {
    if (failure !== undefined) this.connection.needLife().fail(failure);
    else this.onPeerEnd();
  }

  /** The turn ends in which the connection was made: its user has said by now who reads it. */
  onDeferred(): void {
    const { connection } = this;
    if (connectionOpen.hasSubscribers) connectionOpen.publish({ connection });
    this.updateReceiving();
  }

  startReceiving(): void {
    const { reactor, descriptor } = this.connection;
    this.stopWatching();
    if (this.hasUnread && this.isDelivering && !this.takesUnread) {
      if (this.receiver !== undefined) reactor.driver.cancel(this.receiver);
      reactor.defer({ onDeferred: () => this.isDelivering && this.handOnUnread() });
      return;
    }
    const receiver = (this.receiver ??= new Receive(this));
    if (receiver.descriptor === undefined && !receiver.isOver) reactor.driver.start(descriptor, receiver);
  }

  stopReceiving(): void {
    if (this.receiver !== undefined) this.reactor.driver.cancel(this.receiver);
    this.needPeerWatch().start();
  }

  stopWatching(): void {
    this.rare.peerWatch?.stop();
  }

  // For the watch of the peer

  /** Whether somebody reads, if only now and then. */
  get hasReader(): boolean {
    const { pull, lost, isPaused } = this.rare;
    if (this.isLent) return false;
    const pulls = pull !== undefined && this.isDelivering && lost === undefined;
    return pulls || this.handler !== undefined || isPaused;
  }

  get hasPeerEnded(): boolean {
    const { state } = this.connection;
    return state === 'peer-ended' || state === 'flushing' || (isOver(state) && this.hasUnread);
  }

  get isBorrowed(): boolean {
    return this.isLent || this.connection.descriptor.reads instanceof ReceiveInto;
  }

  get couldKeepUnread(): boolean {
    return !this.rare.keepsUnread && this.mayKeep;
  }

  // For the life of the connection

  /** Receives if somebody wants it: the user, or an orderly close that waits for the peer's FIN. */
  updateReceiving(): void {
    if (this.wantsReceiving) this.startReceiving();
    else this.stopReceiving();
    if (discards(this.connection.state)) this.rare.borrowed?.takeBack();
  }

  /** Whether somebody waits for the next bytes. */
  get isAwaited(): boolean {
    const { reads } = this.connection.descriptor;
    return (this.isWanted || reads instanceof ReceiveInto) && !this.hasUnread && !this.isLent;
  }

  get isTaken(): boolean {
    return this.isBorrowed || this.wantsReceiving;
  }

  keepUnread(): void {
    this.own().keepsUnread = true;
    this.updateReceiving();
  }

  watchAnew(): void {
    const peerWatch = this.needPeerWatch();
    peerWatch.stop();
    peerWatch.start();
  }

  onDescriptorGone(): void {
    this.reactor.receiveBuffer.forget(this);
  }

  /** The descriptor is closed: reads that still wait are refused. */
  tellClosed(failure: Error | undefined): void {
    const { descriptor } = this.connection;
    const { pull, borrowed } = this.rare;
    if (pull?.isWaiting === true) pull.end(failure ?? cancelled('read', descriptor));
    borrowed?.tellClosed(failure);
  }

  private own(): UnattendedInput {
    if (this.rare === NOTHING) this.rare = { ...NOTHING };
    return this.rare;
  }

  private handOn(chunk: BufferList): void {
    const { handler } = this;
    const { pull } = this.rare;
    if (handler !== undefined) this.connection.descriptor.scope.run(handler, undefined, chunk);
    // A copy: a reader may keep it for ever, and a slab of which readers keep chunks would soon have none left to
    // receive into.
    else if (pull?.isWaiting === true) pull.give(chunk.copy());
    else this.keep(chunk);
  }

  /** Also to one who reads after the descriptor was closed. */
  private handOnUnread(): void {
    const bytes = this.isWanted ? this.takeOut() : undefined;
    if (bytes === undefined) return;
    try {
      this.handOn(bytes);
    } finally {
      bytes.expire();
      this.updateReceiving();
    }
  }

  /** @returns undefined: there are none. */
  takeOut(mostBytes = Infinity): BufferList | undefined {
    const { unread } = this.rare;
    if (unread === undefined) return undefined;
    const bytes = unread.take(mostBytes);
    if (unread.length > 0) return bytes;
    this.own().unread = undefined;
    if (isOver(this.connection.state)) this.reactor.defer({ onDeferred: () => !this.hasUnread && this.tellEnd() });
    return bytes;
  }

  private onPeerEnd(): void {
    const life = this.connection.needLife();
    const wasDelivering = delivers(life.state);
    life.onPeerEnd();
    if (!wasDelivering) return;
    this.rare.pull?.end();
    // Bytes that outlive the descriptor come before the end.
    if (this.hasUnread) return;
    if (this.onEnd !== undefined) this.tellEnd();
    else if (this.handler !== undefined) life.transition('close');
  }

  private tellEnd(): void {
    if (this.onEnd !== undefined) this.connection.descriptor.scope.run(this.onEnd, this.connection);
  }

  /** Whether bytes may still come. */
  get isDelivering(): boolean {
    return delivers(this.connection.state);
  }

  /** What a reader is told in place of bytes that were thrown away. */
  get lost(): Error | undefined {
    return this.isDelivering ? this.rare.lost : undefined;
  }

  /** Whether a transfer has the read side. */
  get isLent(): boolean {
    return this.rare.borrowed?.isLent === true;
  }

  /** Whether a call waits for bytes. */
  get isReading(): boolean {
    return this.connection.descriptor.reads instanceof ReceiveInto || this.rare.pull?.isWaiting === true;
  }

  private get wantsReceiving(): boolean {
    const { state } = this.connection;
    return delivers(state) ? this.isWanted || this.takesUnread : discards(state);
  }

  /** Somebody wants the next bytes now. */
  private get isWanted(): boolean {
    const { isPaused, pull } = this.rare;
    return (this.handler !== undefined && !isPaused) || pull?.isWaiting === true;
  }

  /**
   * Nobody reads what comes after our FIN: it is received, so that the peer's FIN is, and kept for a reader who comes
   * late.
   */
  private get takesUnread(): boolean {
    const { state, terms } = this.connection;
    if (!delivers(state) || canSend(state) || this.isWanted || this.isBorrowed) return false;
    return this.rare.keepsUnread ? this.mayKeep : terms.unread === 'drained' && !this.hasReader;
  }

  /** What waits for a handler that paused is left to the kernel: its stream must not end before it has all. */
  private get mayKeep(): boolean {
    return this.handler === undefined && this.rare.unread?.isFull !== true;
  }

  private keep(chunk: BufferList): void {
    if (this.lost !== undefined) return;
    const own = this.own();
    const unread = (own.unread ??= new UnreadBytes());
    if (own.keepsUnread || unread.hasRoomFor(chunk)) {
      unread.add(chunk);
      if (unread.isFull) this.updateReceiving();
      return;
    }
    unread.release();
    own.unread = undefined;
    own.lost = thrownAway(titleOf(this.connection.descriptor));
  }
}
