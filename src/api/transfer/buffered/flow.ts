/** One direction of a transfer by buffers: a chunk is read, and the next is asked for when the sink has it. */
import { clearTimeout, setTimeout } from '../../../base/runtime-functions.js';
import { addAbortListener, removeAbortListener } from '../../../base/shared-listeners.js';
import type { TransferAccount } from '../../../core/transfers/account.js';
import type { Allowance } from '../../../core/transfers/allowance.js';
import { settling, type Settling } from '../../settling.js';
import type { BufferedSink, BufferedSource } from './port.js';

/** Bytes of one chunk: what the sink holds at once. */
const CHUNK_BYTES = 256 * 1024;

export interface FlowParts {
  readonly source: BufferedSource;
  readonly sink: BufferedSink;
  readonly allowance: Allowance;
  readonly account: TransferAccount;
  /** The sink has taken bytes. */
  readonly moved?: (lengthBytes: number) => void;
}

/** How a direction came to its end. */
export interface FlowEnd {
  readonly failure?: Error;
  /** Which end broke. */
  readonly brokenEnd?: 'source' | 'sink';
  /** The source has come to its end. */
  readonly hasEnded: boolean;
}

export class Flow {
  /** Told once, unless it was cancelled. */
  ended: (end: FlowEnd) => void = () => {};
  isOver = false;

  private controller = new AbortController();
  private paused: Settling<void> | undefined = undefined;
  private sinkFailure: Error | undefined = undefined;

  constructor(private readonly parts: FlowParts) {}

  /** @throws what is wrong with the ends: no byte has moved, and they are the user's as before. */
  begin(): void {
    const { source, sink } = this.parts;
    let turn: Promise<void>;
    try {
      source.begin();
      turn = sink.takeTurn(failure => this.onSinkBroken(failure));
    } catch (error) {
      this.isOver = true;
      this.finish();
      throw error;
    }
    turn.then(
      () => this.run(),
      (failure: Error) => this.over({ failure, brokenEnd: 'sink', hasEnded: false }),
    );
  }

  pause(): void {
    if (this.isOver) return;
    this.paused ??= settling();
    this.interrupt();
  }

  resume(): void {
    const { paused } = this;
    this.paused = undefined;
    paused?.resolve();
  }

  /** The allowance is to be thought over. */
  paceChanged(): void {
    if (!this.isOver) this.interrupt();
  }

  /** It is over at once. What the sink was given goes out. */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.interrupt();
    this.finish();
  }

  private async run(): Promise<void> {
    try {
      while (!this.isOver) {
        if (this.paused !== undefined) await this.paused.promise;
        else if (await this.step()) return;
      }
    } catch (failure) {
      this.over({ failure: failure as Error, brokenEnd: 'sink', hasEnded: false });
    }
  }

  /** @returns whether it is over. @throws what the sink broke with. */
  private async step(): Promise<boolean> {
    const { source, sink, allowance, account, moved } = this.parts;
    if (this.sinkFailure !== undefined) throw this.sinkFailure;
    if (allowance.isUsedUp) return this.over({ hasEnded: false });
    const mostBytes = Math.min(allowance.bytesNow(), CHUNK_BYTES);
    if (mostBytes === 0) {
      await this.sleep(allowance.delayMs());
      return false;
    }
    // After a cancel the bytes stay with the source: only what goes to the sink in the same step is taken.
    if (!(await this.isReady(mostBytes)) || this.isOver) return this.isOver;
    const chunk = source.take(mostBytes);
    if (chunk === null) return this.over({ hasEnded: true });
    const { length } = chunk;
    allowance.spend(length);
    account.calls++;
    account.bytesIn += length;
    account.residueBytes += length;
    await sink.write(chunk);
    account.bytesOut += length;
    account.residueBytes -= length;
    if (!this.isOver) moved?.(length);
    return false;
  }

  /** @returns false: it was interrupted, or is over. */
  private async isReady(mostBytes: number): Promise<boolean> {
    const { signal } = this.controller;
    try {
      await this.parts.source.ready(mostBytes, signal);
      return true;
    } catch (failure) {
      if (!signal.aborted && !this.isOver) {
        this.over({ failure: failure as Error, brokenEnd: 'source', hasEnded: false });
      }
      return false;
    }
  }

  private onSinkBroken(failure: Error): void {
    this.sinkFailure = failure;
    this.interrupt();
  }

  /** Ends what is waited for, but for the sink. */
  private interrupt(): void {
    const { controller } = this;
    this.controller = new AbortController();
    controller.abort();
    // One that is paused learns of a broken sink, and of its end.
    if (this.isOver || this.sinkFailure !== undefined) this.resume();
  }

  private async sleep(delayMs: number): Promise<void> {
    const { signal } = this.controller;
    const { promise, resolve } = settling<void>();
    const wake = (): void => resolve();
    const timer = setTimeout(wake, delayMs);
    addAbortListener(signal, wake);
    await promise;
    clearTimeout(timer);
    removeAbortListener(signal, wake);
  }

  private over(end: FlowEnd): true {
    if (this.isOver) return true;
    this.isOver = true;
    this.finish();
    this.ended(end);
    return true;
  }

  private finish(): void {
    this.parts.source.finish();
    this.parts.sink.finish();
  }
}
