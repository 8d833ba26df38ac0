/** What a connection learns of its peer while nobody receives: that it has gone, without a byte being taken. */
import { watchForPeer, type AwaitHangUp, type AwaitHangUpOwner } from '../../../core/operations/await-hang-up.js';
import type { Reactor } from '../../../core/reactor/reactor.js';
import { canSend, delivers, hasEnded } from './connection-states.js';
import type { ConnectionView } from '../connection-view.js';

/** The inbound half, as the watch sees it. */
export interface PeerWatchOwner {
  readonly connection: ConnectionView;
  readonly onData: unknown;
  readonly onEnd: unknown;
  readonly hasReader: boolean;
  readonly hasPeerEnded: boolean;
  readonly hasUnread: boolean;
  /** Whether somebody else has the read side. */
  readonly isBorrowed: boolean;
  /** Whether unread bytes could be received and kept for a reader who comes late, and are not yet. */
  readonly couldKeepUnread: boolean;
  onReceiveEnd(failure: Error | undefined): void;
}

export class PeerWatch implements AwaitHangUpOwner {
  private operation: AwaitHangUp | undefined = undefined;

  constructor(private readonly half: PeerWatchOwner) {}

  /** Whenever nobody receives. What ends later than the peer's FIN is still told of a reset. */
  start(): void {
    const { state } = this.half.connection;
    if (!delivers(state) && !canSend(state)) this.stop();
    else if (!this.half.isBorrowed) this.watch();
  }

  /** Also where a transfer has the read side, and takes nothing for now. */
  watch(): void {
    if (this.operation?.isWaiting !== true) this.operation = watchForPeer(this, this.half.connection.descriptor);
  }

  stop(): void {
    const { operation } = this;
    if (operation !== undefined) this.reactor.driver.cancel(operation);
    this.operation = undefined;
  }

  get reactor(): Reactor {
    return this.half.connection.reactor;
  }

  get hasReader(): boolean {
    return this.half.hasReader;
  }

  get hasPeerEnded(): boolean {
    return this.half.hasPeerEnded;
  }

  get hasEnded(): boolean {
    return hasEnded(this.half.connection.state);
  }

  get heedsEnd(): boolean {
    const { half } = this;
    const { state, life, onClose } = half.connection;
    // A handler that is set and does not receive has paused: the end comes after its bytes.
    if (hasEnded(state)) return half.onData === undefined && !half.isBorrowed;
    // A FIN behind bytes that were put back waits until they are read.
    if (state !== 'open' || half.hasReader || half.hasUnread || half.isBorrowed) return false;
    return onClose !== undefined || half.onEnd !== undefined || life?.isUnattended === true;
  }

  onHangUp(failure: Error | undefined): void {
    const { half } = this;
    half.onReceiveEnd(failure);
    if (half.onEnd === undefined) half.connection.needLife().transition('close');
  }

  onEndIgnored(): void {
    const { half } = this;
    if (!half.hasReader && !half.hasUnread && !half.isBorrowed) half.connection.needLife().awaitReader();
  }

  onUnreadAtEnd(): void {
    const { half } = this;
    if (half.couldKeepUnread && !half.isBorrowed) half.connection.needLife().awaitReader();
  }
}
