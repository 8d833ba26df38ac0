/** Messages by callback: each is handed on within the call in which its last byte arrived. */
import { addAbortListener, removeAbortListener } from '../../base/shared-listeners.js';
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { FramedConnection } from './chunks.js';
import type { Cutter } from './cutter.js';
import { FrameClock } from './frame-clock.js';
import type { ReadingRules } from './frame-reader.js';
import { tooSlow } from './framing-options.js';

export interface FeedOwner<Message> {
  onMessage: ((message: Message) => void) | undefined;
  /** No more messages will come, unless `stop` was called. @returns false: nobody has asked to be told. */
  feedOver(failure: Error | undefined): boolean;
}

export class FrameFeed<Message extends string | BufferList> {
  private readonly clock: FrameClock;
  /** What the user had set, which has its turn again when the messages are over. */
  private readonly userEnd: (() => void) | undefined;
  private state: 'flowing' | 'paused' | 'over' = 'flowing';
  private readonly abort = () => this.finish(this.rules.signal!.reason as Error);

  constructor(
    private readonly connection: FramedConnection,
    private readonly cutter: Cutter<Message>,
    private readonly rules: ReadingRules,
    private readonly owner: FeedOwner<Message>,
  ) {
    const { what, timeoutMs, signal } = rules;
    this.clock = new FrameClock(timeoutMs, () => this.finish(tooSlow(what, timeoutMs)));
    connection.onData = chunk => this.receive(chunk);
    this.userEnd = connection.onEnd;
    connection.onEnd = () => this.receiveEnd();
    if (signal !== undefined) addAbortListener(signal, this.abort);
  }

  pause(): void {
    if (this.state !== 'flowing') return;
    this.state = 'paused';
    this.connection.pause();
    this.putBack();
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'flowing';
    this.connection.resume();
  }

  /** Takes no more messages. What was read and is of no message yet goes back to the connection. */
  stop(): void {
    if (this.state === 'over') return;
    const { connection, rules } = this;
    if (this.state === 'paused') connection.resume();
    this.state = 'over';
    this.clock.clear();
    if (rules.signal !== undefined) removeAbortListener(rules.signal, this.abort);
    connection.onData = undefined;
    connection.onEnd = this.userEnd;
    this.putBack();
  }

  private receive(chunk: BufferList): void {
    const { cutter } = this;
    cutter.give(chunk);
    try {
      for (let message = this.cut(); message !== undefined; message = this.cut()) {
        this.clock.stop();
        this.handOn(message);
        if (this.state !== 'flowing') return;
      }
    } finally {
      // A handler that throws has had its message; those behind it come later.
      if (this.state === 'flowing' && chunk.length > 0) this.putBack();
    }
    if (this.state === 'flowing' && cutter.isWithin) this.clock.start();
  }

  private cut(): Message | undefined {
    try {
      return this.cutter.next();
    } catch (error) {
      this.finish(error as Error);
      return undefined;
    }
  }

  private handOn(message: Message): void {
    try {
      this.owner.onMessage?.(message);
    } finally {
      if (typeof message !== 'string') message.expire();
    }
  }

  private receiveEnd(): void {
    let last: Message | undefined;
    try {
      last = this.cutter.end();
    } catch (error) {
      this.finish(error as Error);
      return;
    }
    try {
      if (last !== undefined) this.handOn(last);
    } finally {
      this.finish(undefined);
    }
  }

  private finish(failure: Error | undefined): void {
    if (this.state === 'over' || this.connection.isClosed) return;
    const { connection, userEnd } = this;
    this.stop();
    if (this.owner.feedOver(failure)) return;
    if (failure !== undefined) connection.destroy(failure);
    else if (userEnd !== undefined) userEnd.call(connection);
    // As a connection does that has a handler for bytes and none for their end. `closed` tells of the end.
    else connection.close().catch(() => {});
  }

  private putBack(): void {
    this.clock.stop();
    const rest = this.cutter.rest();
    if (!this.connection.isClosed) this.connection.unread(rest);
  }
}
