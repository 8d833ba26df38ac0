/** What a connection learns of its peer while nobody reads: that it has gone, without a byte being taken. */
import { watchForPeer, type AwaitHangUp, type AwaitHangUpOwner } from '../../core/operations/await-hang-up.js';
import type { Deferred } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { refuseStreamMethods } from './not-a-stream.js';
import { Socket } from '../socket/socket.js';

/** What a new connection waits for is known at the end of the turn: whoever is to read it has said so by then. */
export class FirstLook implements Deferred {
  constructor(private readonly connection: { updateReceiving(): void }) {}

  onDeferred(): void {
    this.connection.updateReceiving();
  }
}

export abstract class PeerWatchingSocket extends Socket implements AwaitHangUpOwner {
  private watchman: AwaitHangUp | undefined = undefined;

  /** Whenever nobody receives. What ends later than the peer's FIN is still told of a reset. */
  protected startWatching(): void {
    if (!this.isDelivering && !this.canSend) this.stopWatching();
    else if (!this.isBorrowed) this.lookOut();
  }

  protected lookOut(): void {
    if (this.watchman?.isWaiting !== true) this.watchman = watchForPeer(this, this.descriptor);
  }

  protected stopWatching(): void {
    if (this.watchman !== undefined) this.reactor.driver.cancel(this.watchman);
    this.watchman = undefined;
  }

  /** What a call gets that was under way when the connection was closed here. @param name what a transfer's user calls it. */
  protected cancelled(what: string, name?: string): IoError {
    return new IoError('ECANCELED', what, this.title(name), 'the connection was closed here');
  }

  protected timedOut(what: string, explanation: string): IoError {
    return new IoError('ETIMEDOUT', what, `descriptor ${this.descriptor.fd}`, explanation);
  }

  /** What it is called in messages. */
  protected title(name?: string): string {
    const { fd } = this.descriptor;
    return name === undefined ? `descriptor ${fd}` : `${name}, descriptor ${fd}`;
  }

  /** What the stream broke with. */
  protected abstract get failure(): Error | undefined;
  protected abstract fail(failure: Error | undefined): void;
  protected abstract get hasMoved(): boolean;
  /** Whether what arrives goes to the user. */
  protected abstract get isDelivering(): boolean;
  /** Whether the user may still send. */
  protected abstract get canSend(): boolean;
  /** Whether somebody else has the read side. */
  protected abstract get isBorrowed(): boolean;
  /** @internal */
  abstract get hasReader(): boolean;
  /** @internal The peer's FIN was read. */
  abstract get hasPeerEnded(): boolean;
  /** @internal */
  abstract get hasEnded(): boolean;
  /** @internal Whether somebody is to be told of the peer's FIN though nobody reads. */
  abstract get heedsEnd(): boolean;
  /** @internal */
  abstract onHangUp(failure: Error | undefined): void;
  /** @internal */
  abstract onEndIgnored(): void;
  /** @internal */
  abstract onUnreadAtEnd(): void;

  static {
    refuseStreamMethods(PeerWatchingSocket.prototype);
  }
}
