/**
 * The messages of a stream, as an async iterator or by a callback: what `lines`, `delimited`, `lengthPrefixed` and
 * `fixed` return.
 */
import { describeBy } from '../../base/inspection.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { wrongState } from '../../sys/ffi/io-error.js';
import { checkCallback } from '../../base/arguments.js';
import { chunksFrom, isConnection, type FramedConnection, type FrameSource } from './chunks.js';
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { Cutter } from './cutter.js';
import { FrameFeed, type FeedOwner } from './frame-feed.js';
import { FrameReader, type ReadingRules } from './frame-reader.js';

/**
 * The messages of a connection, or of another source of bytes. Use one way at a time; they may take turns at any
 * message:
 *
 *     for await (const line of lines(connection)) …
 *
 *     const messages = lines(connection);
 *     messages.onMessage = line => …;
 *     messages.onEnd = failure => …;
 *
 * What was received behind the last message that you took is not lost: when a loop is left, or after `stop()`, the
 * connection has it again for the next reader: another framing, `read`, or a transfer. Of another source the next
 * framing has it.
 */
export class Frames<Message extends string | BufferList> implements AsyncIterable<Message> {
  /**
   * The way by callback: no more messages come. `failure` says why, unless the stream ended as it should: EMSGSIZE,
   * ETIMEDOUT, EBADMSG, EPROTO, or the reason of the signal. Without this handler a failure destroys the connection,
   * and the end of the stream does what it does without framing. A connection that breaks tells its own `onClose`, and
   * this is not called.
   */
  onEnd: ((failure: Error | undefined) => void) | undefined = undefined;

  /** A partial frame that takes too long ends by a timer, which is of no connection. */
  private readonly scope = new AsyncScope('POLLUX_FRAMES');
  private reader: FrameReader<Message> | undefined = undefined;
  private feed: FrameFeed<Message> | undefined = undefined;
  /** A field, since it is asked for each message. */
  private readonly owner: FeedOwner<Message> = { onMessage: undefined, feedOver: failure => this.feedOver(failure) };

  /** @internal Made by `lines` and its sisters. */
  constructor(
    private readonly source: FrameSource,
    private readonly cutter: Cutter<Message>,
    private readonly rules: ReadingRules,
  ) {}

  /**
   * What to do with each message: the way without promises. It is called in the async context of the connection.
   * Setting it starts receiving; `undefined` is `stop()`. A message of bytes holds during the call only: what is to
   * last is taken out (`message.take()`), sent on or copied. It takes the `onData` and the `onEnd` of the connection
   * for as long as messages come. Wait for room in another connection by `pause()` here.
   *
   * @throws TypeError no function, or a source that is no connection. @throws IoError EBUSY: the messages are being
   *   read otherwise.
   */
  set onMessage(handler: ((message: Message) => void) | undefined) {
    checkCallback('onMessage', handler);
    if (handler === undefined) {
      this.stop();
      return;
    }
    if (this.feed === undefined) this.feed = this.startFeed();
    this.owner.onMessage = handler;
  }

  get onMessage(): ((message: Message) => void) | undefined {
    return this.owner.onMessage;
  }

  /**
   * One message; null at the end of the stream. What follows it stays with the source for the next reader, so that the
   * next bytes may be of another framing. In a loop `for await` is faster.
   *
   * @throws (by the promise) IoError EMSGSIZE, ETIMEDOUT, EBADMSG, EPROTO; what the connection broke with; the signal's
   *   reason.
   */
  async read(): Promise<Message | null> {
    const reader = this.openReader('read');
    try {
      const result = await reader.next();
      return result.done === true ? null : result.value;
    } finally {
      await reader.return();
    }
  }

  /**
   * The messages in turn, to the end of the stream. They are yours.
   * @throws IoError EBUSY: they are being read already.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return this.openReader('for await');
  }

  /**
   * The messages in turn, all that have arrived together at a time: a promise for each chunk of the stream and not for
   * each message. A loop that is left has had its whole batch.
   *
   *     for await (const batch of lines(connection).batches()) for (const line of batch) …
   *
   * @throws IoError EBUSY: they are being read already.
   */
  async *batches(): AsyncGenerator<Message[], void, void> {
    const reader = this.openReader('batches');
    try {
      for (let first = await reader.next(); first.done !== true; first = await reader.next()) {
        const batch = reader.takeArrived();
        batch.unshift(first.value);
        yield batch;
      }
    } finally {
      await reader.return();
    }
  }

  private openReader(method: string): FrameReader<Message> {
    this.checkUnused(method);
    const onOver = (): void => void (this.reader = undefined);
    return (this.reader = new FrameReader(chunksFrom(this.source), this.cutter, this.rules, onOver));
  }

  /** The way by callback: no more messages, not even of the chunk at hand, until `resume`. The peer is held back. */
  pause(): void {
    this.feed?.pause();
  }

  resume(): void {
    this.feed?.resume();
  }

  /** Ends either way of reading. What is of no message yet goes back to the source. */
  stop(): void {
    const { feed, reader } = this;
    this.feed = undefined;
    this.owner.onMessage = undefined;
    feed?.stop();
    void reader?.return();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  private startFeed(): FrameFeed<Message> {
    this.checkUnused('onMessage');
    this.rules.signal?.throwIfAborted();
    return new FrameFeed(this.connection(), this.cutter, this.rules, this.owner);
  }

  private connection(): FramedConnection {
    if (isConnection(this.source)) return this.source;
    throw new TypeError('onMessage: the source is no connection; allowed: for await, read()');
  }

  private checkUnused(method: string): void {
    if (this.feed !== undefined) throw wrongState('EBUSY', method, 'there is an onMessage handler; unset it first');
    if (this.reader !== undefined)
      throw wrongState('EBUSY', method, 'the messages are being read; leave that loop first');
  }

  private feedOver(failure: Error | undefined): boolean {
    this.feed = undefined;
    this.owner.onMessage = undefined;
    if (this.onEnd === undefined) return false;
    this.scope.run(this.onEnd, this, failure);
    return true;
  }

  static {
    describeBy('Frames', Frames.prototype, ({ feed, reader }) => ({
      state: feed !== undefined ? 'handing on' : reader !== undefined ? 'being read' : 'idle',
    }));
  }
}
