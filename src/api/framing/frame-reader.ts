/**
 * Messages by promises: one at a time, and no byte is read ahead of what is asked for but those of the chunk at hand.
 */
import { wrongState } from '../../sys/ffi/io-error.js';
import { addAbortListener, removeAbortListener } from '../../base/shared-listeners.js';
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { Chunks } from './chunks.js';
import type { Cutter } from './cutter.js';
import { FrameClock } from './frame-clock.js';
import { tooSlow } from './framing-options.js';

export interface ReadingRules {
  /** The function that cuts, for messages. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Why a read that is under way ends without a message. */
type Departure = { readonly reason: unknown } | 'stopped';

export class FrameReader<Message> implements AsyncIterator<Message> {
  private readonly clock: FrameClock;
  private isWaiting = false;
  private isOver = false;
  private departure: Departure | undefined = undefined;

  /** Met behind messages that were handed out before: the next call is rejected with it. */
  private failure: { readonly reason: unknown } | undefined = undefined;

  /** @param onOver called once: no more messages will be taken by this reader. */
  constructor(
    private readonly chunks: Chunks,
    private readonly cutter: Cutter<Message>,
    private readonly rules: ReadingRules,
    private readonly onOver: () => void,
  ) {
    this.clock = new FrameClock(rules.timeoutMs, () => {
      this.depart({ reason: tooSlow(rules.what, rules.timeoutMs) });
    });
  }

  next(): Promise<IteratorResult<Message>> {
    if (this.isWaiting)
      return Promise.reject(wrongState('EBUSY', 'next', 'another message is awaited; await that first'));
    if (this.failure !== undefined) return this.fail(this.failure);
    if (this.isOver) return Promise.resolve({ done: true, value: undefined });
    try {
      const value = this.cutter.next();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    } catch (error) {
      this.end();
      return Promise.reject(error);
    }
    return this.receive();
  }

  /** The messages behind one that `next` has returned, as far as they have arrived with it. */
  takeArrived(): Message[] {
    const arrived: Message[] = [];
    try {
      for (let value = this.cutter.next(); value !== undefined; value = this.cutter.next()) arrived.push(value);
    } catch (reason) {
      this.failure = { reason };
      this.end();
    }
    return arrived;
  }

  /** Takes no more messages. What was read and is of no message yet goes back to the source. */
  return(): Promise<IteratorResult<Message>> {
    if (this.isWaiting) this.depart('stopped');
    else if (!this.isOver) this.putBack();
    return Promise.resolve({ done: true, value: undefined });
  }

  private fail({ reason }: { readonly reason: unknown }): Promise<never> {
    this.failure = undefined;
    return Promise.reject(reason);
  }

  private async receive(): Promise<IteratorResult<Message>> {
    const { signal } = this.rules;
    const abort = (): void => this.depart({ reason: signal!.reason });
    if (signal?.aborted === true) {
      this.putBack();
      throw signal.reason;
    }
    this.isWaiting = true;
    if (signal !== undefined) addAbortListener(signal, abort);
    try {
      return await this.receiveMessage();
    } catch (error) {
      this.end();
      throw error;
    } finally {
      this.isWaiting = false;
      this.clock.stop();
      if (signal !== undefined) removeAbortListener(signal, abort);
    }
  }

  private async receiveMessage(): Promise<IteratorResult<Message>> {
    for (;;) {
      if (this.cutter.isWithin) this.clock.start();
      const chunk = await this.chunks.read();
      if (this.departure !== undefined) {
        this.putBack(chunk);
        if (this.departure !== 'stopped') throw this.departure.reason;
        return { done: true, value: undefined };
      }
      if (chunk === null) return this.atEnd();
      this.cutter.give(chunk);
      const value = this.cutter.next();
      if (value !== undefined) return { done: false, value };
    }
  }

  private atEnd(): IteratorResult<Message> {
    const value = this.cutter.end();
    this.end();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  private depart(departure: Departure): void {
    if (this.departure !== undefined) return;
    this.departure = departure;
    this.chunks.giveUp();
  }

  /** @param chunk that came when it was not wanted any more. */
  private putBack(chunk: BufferList | null = null): void {
    const bytes = this.cutter.rest();
    if (chunk !== null) bytes.append(chunk);
    this.end();
    this.chunks.unread(bytes);
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.clock.clear();
    this.onOver();
  }
}
