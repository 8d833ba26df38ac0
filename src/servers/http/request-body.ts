/** The body of a request: bytes that come when they are asked for, and not before. */
import { BufferList, IoError } from '../../index.js';

/** What holds the sender back. */
export interface BodySource {
  /** The reader waits: the sender may go on. */
  onBodyWanted(): void;
}

interface Waiting {
  resolve(chunk: BufferList | null): void;
  reject(failure: Error): void;
}

/**
 * The body of a request. `for await (const chunk of request.body)`: each chunk is yours, to be consumed or released.
 */
export class RequestBody implements AsyncIterable<BufferList> {
  private readonly ahead = new BufferList();
  private waiting: Waiting | undefined = undefined;
  private state: 'coming' | 'ended' | 'failed' | 'abandoned' = 'coming';
  private failure: Error | undefined = undefined;

  /** @param source undefined for a request without a body. @internal */
  constructor(private readonly source: BodySource | undefined) {
    if (source === undefined) this.state = 'ended';
  }

  /** Whether all of it has come. */
  get hasEnded(): boolean {
    return this.state === 'ended';
  }

  /** Bytes that have come and nobody has read yet. */
  get queuedBytes(): number {
    return this.ahead.length;
  }

  /**
   * The next bytes, which are yours; null at the end.
   * @throws IoError EBUSY: another read is under way; what broke the connection.
   */
  read(): Promise<BufferList | null> {
    if (this.waiting !== undefined) {
      return Promise.reject(new IoError('EBUSY', 'read', undefined, 'another read is under way; await it first'));
    }
    if (this.ahead.length > 0) {
      const bytes = this.ahead.take();
      if (this.state === 'coming') this.source!.onBodyWanted();
      return Promise.resolve(bytes);
    }
    if (this.state === 'failed') return Promise.reject(this.failure!);
    if (this.state !== 'coming') return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.source!.onBodyWanted();
    });
  }

  /**
   * All of it, as text.
   * @throws as `read`. A body that is longer than the server allows is answered with 413 before.
   */
  async text(): Promise<string> {
    using whole = new BufferList();
    for await (const chunk of this) whole.append(chunk);
    return whole.toString();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<BufferList> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk;
  }

  /** @internal Whether somebody waits for bytes. */
  get isAwaited(): boolean {
    return this.waiting !== undefined;
  }

  /** @internal Takes the bytes. */
  receive(bytes: BufferList): void {
    if (this.state !== 'coming') return bytes.release();
    this.ahead.append(bytes);
    this.tell();
  }

  /** @internal */
  end(): void {
    if (this.state === 'coming') this.state = 'ended';
    this.tell();
  }

  /** @internal */
  fail(failure: Error): void {
    if (this.state !== 'coming') return;
    this.state = 'failed';
    this.failure = failure;
    this.ahead.release();
    this.tell();
  }

  /** @internal What comes from now on is thrown away. */
  abandon(): void {
    this.ahead.release();
    if (this.state === 'coming') this.state = 'abandoned';
    this.tell();
  }

  private tell(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    if (this.ahead.length > 0) {
      this.waiting = undefined;
      waiting.resolve(this.ahead.take());
    } else if (this.state === 'failed') {
      this.waiting = undefined;
      waiting.reject(this.failure!);
    } else if (this.state !== 'coming') {
      this.waiting = undefined;
      waiting.resolve(null);
    }
  }
}
