/** One connection to an upstream, for one request after the other. */
import { BufferList, type Connection } from '../../../../index.js';
import { RESPONSES } from '../../../http/llhttp.js';
import { MessageParser, type MessageCeilings } from '../../../http/message-parser.js';
import type { Upstream } from '../../upstreams/upstream.js';

/** What a link is used by: one at a time. */
export interface LinkUser {
  /** What is left of `input` is thrown away. */
  onLinkData(input: BufferList): void;
  /** The upstream has ended: nothing comes behind what was told. */
  onLinkEnd(): void;
  /** It takes bytes again. */
  onLinkDrain(): void;
  onLinkClosed(failure: Error | undefined): void;
}

/** What has links that nobody uses. */
export interface LinkKeeper {
  /** It has been closed, or spoke without being asked. */
  onIdleLinkOver(link: UpstreamLink): void;
}

export class UpstreamLink {
  readonly parser: MessageParser;
  /** What is to be sent: see `flush`. */
  readonly out = new BufferList();
  user: LinkUser | undefined = undefined;
  /** It takes no more, until `onLinkDrain`. */
  isBlocked = false;
  /** Requests that it was used for. */
  requests = 0;
  /** How long it may be kept, by `monotonicMs`. */
  keptUntilMs = 0;
  private isPaused = false;
  private isOver = false;

  constructor(
    readonly connection: Connection,
    readonly upstream: Upstream,
    private readonly keeper: LinkKeeper,
    ceilings: MessageCeilings,
  ) {
    this.parser = new MessageParser(RESPONSES, ceilings, { leavesBody: true, keepsTrailers: true });
    connection.onClose = failure => this.onClosed(failure);
    connection.onEnd = () => this.onEnd();
    connection.onDrain = () => this.onDrain();
    this.listen();
  }

  get isClosed(): boolean {
    return this.isOver || this.connection.isClosed;
  }

  /** Receives by callbacks. @see `leave` */
  listen(): void {
    this.connection.onData = input => this.onData(input);
  }

  /** Leaves what is to be received to a transfer, until `listen`. */
  leave(): void {
    this.connection.onData = undefined;
  }

  /** Sends what was gathered. */
  flush(): void {
    const { connection, out } = this;
    if (out.length === 0) return;
    if (this.isClosed) return out.release();
    if (!connection.send(out)) this.isBlocked = true;
  }

  hold(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.connection.pause();
  }

  goOn(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.connection.resume();
  }

  /** Closes it at once: its user is told nothing. */
  destroy(): void {
    this.abandon();
    this.connection.destroy();
  }

  /** The connection is somebody else's from here on. */
  abandon(): void {
    const { connection } = this;
    this.user = undefined;
    this.finish();
    connection.onData = connection.onEnd = connection.onClose = connection.onDrain = undefined;
  }

  private onData(input: BufferList): void {
    const { user } = this;
    if (user !== undefined) user.onLinkData(input);
    else this.keeper.onIdleLinkOver(this);
  }

  private onEnd(): void {
    const { user } = this;
    if (user !== undefined) user.onLinkEnd();
    else this.keeper.onIdleLinkOver(this);
  }

  private onDrain(): void {
    this.isBlocked = false;
    this.user?.onLinkDrain();
  }

  private onClosed(failure: Error | undefined): void {
    const { user } = this;
    this.user = undefined;
    this.finish();
    if (user !== undefined) user.onLinkClosed(failure);
    else this.keeper.onIdleLinkOver(this);
  }

  private finish(): void {
    this.isOver = true;
    this.out.release();
    this.parser.close();
  }
}
