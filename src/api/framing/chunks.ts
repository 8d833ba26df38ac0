/** Where the bytes of messages come from: a connection, or anything else that gives chunks in turn. */
import { BufferList, type Part } from '../../core/memory/buffer-list.js';
import { kindOf } from '../../base/arguments.js';
import { Pull, type PullSource } from '../pull.js';

/** What framing needs of a connection; others that have all this are as good. */
export interface FramedConnection extends AsyncIterable<BufferList> {
  onData: ((chunk: BufferList) => void) | undefined;
  onEnd: (() => void) | undefined;
  readonly isClosed: boolean;
  unread(bytes: BufferList): void;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
  destroy(failure?: Error): void;
}

/**
 * A connection, or another source of chunks: a stream of Node or of the web, a generator. Its arrays must not be
 * changed later.
 */
export type FrameSource = FramedConnection | AsyncIterable<Part>;

export interface Chunks {
  /** The next bytes; null at the end, or when it was given up. */
  read(): Promise<BufferList | null>;
  /** Ends the read that is under way without a byte. */
  giveUp(): void;
  /** Puts bytes back for the next reader. */
  unread(bytes: BufferList): void;
}

export function isConnection(source: FrameSource): source is FramedConnection {
  return typeof (source as Partial<FramedConnection>).unread === 'function';
}

/** @throws TypeError */
export function checkSource(source: FrameSource): void {
  const isIterable = typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
  if (isIterable) return;
  throw new TypeError(`source: ${kindOf(source)}; allowed: a Connection, or an async iterable of bytes`);
}

export function chunksFrom(source: FrameSource): Chunks {
  if (isConnection(source)) return new ConnectionChunks(source);
  let chunks = begun.get(source);
  if (chunks === undefined) begun.set(source, (chunks = new IterableChunks(source[Symbol.asyncIterator]())));
  return chunks;
}

class ConnectionChunks implements Chunks {
  private readonly iterator: AsyncIterator<BufferList>;

  constructor(private readonly connection: FramedConnection) {
    this.iterator = connection[Symbol.asyncIterator]();
  }

  async read(): Promise<BufferList | null> {
    const result = await this.iterator.next();
    return result.done === true ? null : result.value;
  }

  giveUp(): void {
    void this.iterator.return!();
  }

  unread(bytes: BufferList): void {
    this.connection.unread(bytes);
  }
}

/** Nothing can be put back into them, so what is left is kept for the next framing of the same source. */
const begun = new WeakMap<object, IterableChunks>();

class IterableChunks implements Chunks, PullSource<BufferList> {
  private readonly left = new BufferList();
  private readonly pull = new Pull<BufferList>(this);
  private isReceiving = false;
  private ending: { readonly failure?: Error } | undefined = undefined;

  constructor(private readonly iterator: AsyncIterator<Part>) {}

  read(): Promise<BufferList | null> {
    return this.pull.next('read');
  }

  giveUp(): void {
    this.pull.giveUp();
  }

  unread(bytes: BufferList): void {
    this.left.prepend(bytes);
  }

  checkFree(): void {}

  takeNext(): BufferList | null | undefined {
    if (this.left.length > 0) return this.left.take();
    if (this.ending?.failure !== undefined) throw this.ending.failure;
    return this.ending && null;
  }

  onWaiting(): void {
    // What somebody asked for who gave up is still to come, and serves the next.
    if (this.pull.isWaiting && !this.isReceiving) void this.receive();
  }

  private async receive(): Promise<void> {
    this.isReceiving = true;
    try {
      while (this.pull.isWaiting) await this.receiveOnce();
    } finally {
      this.isReceiving = false;
    }
  }

  private async receiveOnce(): Promise<void> {
    try {
      const result = await this.iterator.next();
      if (result.done === true) this.ending = {};
      else this.left.append(result.value);
    } catch (error) {
      this.ending = { failure: error as Error };
    }
    if (!this.pull.isWaiting) return;
    if (this.left.length > 0) this.pull.give(this.left.take());
    else if (this.ending !== undefined) this.pull.end(this.ending.failure);
  }
}
