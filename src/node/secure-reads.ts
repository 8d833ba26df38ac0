/** The receiving half of a secure connection: nothing is taken from Node's socket unless somebody wants it. */
import { wrongState } from '../sys/ffi/io-error.js';
import type { TLSSocket } from 'node:tls';
import { BufferList } from '../core/memory/buffer-list.js';
import { nextTick } from '../base/runtime-functions.js';
import { CONNECTION_WAYS } from '../api/one-way.js';
import { Pull, type PullSource } from '../api/pull.js';

export class SecureReads implements PullSource<BufferList> {
  /** What `read` and `for await` take their chunks by. */
  readonly pull = new Pull<BufferList>(this);
  bytesReceived = 0;
  handler: ((chunk: BufferList) => void) | undefined = undefined;

  /** Bytes that were put back, or came when nobody wanted them any more. */
  private readonly ahead = new BufferList();
  private isPaused = false;
  private isDiscarding = false;
  private ending: { readonly failure: Error | undefined } | undefined = undefined;

  constructor(
    private readonly socket: TLSSocket,
    private readonly onPeerEnd: () => void,
  ) {
    socket.pause();
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
    socket.pause();
    socket.on('end', () => this.end());
  }

  /** @throws IoError EBUSY: a read is under way. */
  setHandler(handler: ((chunk: BufferList) => void) | undefined): void {
    if (handler !== undefined && this.pull.isWaiting) throw CONNECTION_WAYS.itemsAreTaken();
    this.handler = handler;
    this.update();
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.update();
  }

  checkFree(call: string): void {
    if (this.handler !== undefined) throw CONNECTION_WAYS.handlerIsSet(call);
    if (this.pull.isWaiting) throw CONNECTION_WAYS.callIsUnderWay(call);
  }

  takeNext(): BufferList | null | undefined {
    if (this.ahead.length > 0) return this.ahead.take();
    if (this.ending?.failure !== undefined) throw this.ending.failure;
    return this.ending && null;
  }

  onWaiting(): void {
    this.update();
  }

  unread(bytes: BufferList): void {
    if (this.pull.isWaiting) throw wrongState('EBUSY', 'unread', 'a read is under way; await it first');
    this.ahead.prepend(bytes);
    this.update();
  }

  /** What still comes is thrown away, so that the peer's end is seen. */
  discard(): void {
    this.isDiscarding = true;
    this.handler = undefined;
    this.ahead.release();
    this.update();
  }

  close(failure: Error | undefined, cancelled: Error): void {
    this.ending ??= { failure };
    this.pull.end(failure ?? cancelled);
  }

  private get isWanted(): boolean {
    return this.isDiscarding || this.pull.isWaiting || (this.handler !== undefined && !this.isPaused);
  }

  private update(): void {
    if (!this.isWanted || this.ahead.length > 0) this.socket.pause();
    else this.socket.resume();
    if (this.isWanted && this.ahead.length > 0) nextTick(() => this.handOnAhead());
  }

  private handOnAhead(): void {
    if (!this.isWanted || this.ahead.length === 0) return;
    this.handOn(this.ahead.take());
    this.update();
  }

  private receive(bytes: Buffer): void {
    this.bytesReceived += bytes.length;
    if (this.isDiscarding) return;
    const chunk = BufferList.from(bytes);
    if (this.isWanted && this.ahead.length === 0) this.handOn(chunk);
    else this.ahead.append(chunk);
  }

  private handOn(chunk: BufferList): void {
    const { pull, handler } = this;
    if (pull.isWaiting) {
      pull.give(chunk);
    } else {
      try {
        handler?.(chunk);
      } finally {
        chunk.expire();
      }
    }
  }

  private end(): void {
    this.ending ??= { failure: undefined };
    this.pull.end();
    this.onPeerEnd();
  }
}
