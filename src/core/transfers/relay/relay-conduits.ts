/**
 * Which way the bytes of a relay go, decided as they come: a source that keeps filling the buffer is spliced, one that
 * gives little at a time is better off with plain calls.
 */
import { ENOMEM, errnoName, isRefusal } from '../../../sys/ffi/errno.js';
import { isLeftBlocking } from '../../../sys/file/open-description.js';
import { nativeSocketSplice, type SocketSpliceCalls } from '../../../sys/socket/so-splice.js';
import { nativePipes, nativeSplice, type SpliceCalls } from '../../../sys/socket/splice.js';
import { pipeStream, socketStream, type StreamCalls } from '../../../sys/socket/stream.js';
import { BufferList } from '../../memory/buffer-list.js';
import { SPLICE_AFTER_FILLS, SPLICE_FROM_BYTES, SPLICE_LEAST_BYTES, SPLICE_SMALL_FILLS } from '../../limits.js';
import type { Descriptor } from '../../operations/operation.js';
import type { ReadSide } from '../../operations/read-turn.js';
import { BufferConduit } from './buffer-conduit.js';
import type { Conduit } from './conduit.js';
import { PipeConduit } from './pipe-conduit.js';
import { PipePool } from './pipe-pool.js';
import type { RelayAccount } from './relay-account.js';

/** The kernel's part of a relay, in an object so that a test can play it. */
export interface RelayCalls {
  readonly socketStream: StreamCalls;
  readonly pipeStream: StreamCalls;
  /** undefined where the system has no splice. */
  readonly splice: SpliceCalls | undefined;
  readonly pipes: PipePool;
  /** undefined where the system has no SO_SPLICE. */
  readonly socketSplice: SocketSpliceCalls | undefined;
}

let native: RelayCalls | undefined;

/** The calls of this machine, with the one pool of this thread. */
export function nativeRelayCalls(): RelayCalls {
  native ??= {
    socketStream,
    pipeStream,
    splice: nativeSplice(),
    pipes: new PipePool(nativePipes),
    socketSplice: nativeSocketSplice(),
  };
  return native;
}

export class RelayConduits {
  /** Whether the last fill brought less than would have fitted. */
  wasShort = false;

  private readonly buffers: BufferConduit;
  private readonly pipes: PipeConduit | undefined;
  private current: Conduit;
  private sourceFd = -1;
  private sinkFd = -1;
  private source: StreamCalls;
  private sink: StreamCalls;
  /** Fills in a row that speak for the other way. */
  private streak = 0;
  private canSplice: boolean;
  private isOpen = false;
  /** Bytes may have been received before it began. */
  private isFresh = true;

  constructor(
    private readonly account: RelayAccount,
    private readonly calls: RelayCalls,
    private readonly reads: ReadSide,
  ) {
    const { splice, pipes } = calls;
    this.current = this.buffers = new BufferConduit(reads.reactor.receiveBuffer);
    this.pipes = splice === undefined ? undefined : new PipeConduit(splice, pipes);
    this.canSplice = splice !== undefined;
    this.source = this.sink = calls.socketStream;
  }

  /** @param source undefined: it has ended already. */
  open(source: Descriptor | undefined, sink: Descriptor): void {
    this.sourceFd = source === undefined ? -1 : source.fd;
    this.sinkFd = sink.fd;
    this.isOpen = true;
    this.calls.pipes.enter();
    if (source?.origin === 'pipe') this.source = this.calls.pipeStream;
    if (sink.origin === 'pipe') this.sink = this.calls.pipeStream;
    if (isLeftBlocking(this.sourceFd) || isLeftBlocking(sink.fd)) {
      this.canSplice = false;
      this.account.fallback = 'splice: others may share the socket, and have it wait';
    }
  }

  /** Whether bytes come first that were received before anybody read them. */
  get hasAhead(): boolean {
    return this.isFresh && this.reads.hasUnread;
  }

  get heldBytes(): number {
    return this.current.heldBytes;
  }

  /** What is held in memory of the process, and not in a pipe. */
  get inMemoryBytes(): number {
    return this.buffers.heldBytes;
  }

  get errno(): number {
    return this.current.errno;
  }

  get fillName(): string {
    return this.current.fillName;
  }

  get drainName(): string {
    return this.current.drainName;
  }

  /** See `Conduit.fill`. */
  fill(mostBytes: number): number {
    if (this.isFresh) {
      const taken = this.takeAhead(mostBytes);
      if (taken > 0) return taken;
    }
    this.choose(mostBytes);
    const { current } = this;
    const taken = current.fill(this.sourceFd, this.source, mostBytes);
    if (taken > 0) this.judge(taken);
    return taken;
  }

  /** See `Conduit.drain`. */
  drain(): number {
    return this.current.drain(this.sinkFd, this.sink);
  }

  /** Nothing is held: a pipe goes back to the pool. */
  rest(): void {
    if (this.current === this.pipes) this.pipes.release();
  }

  /** After a failed call: goes over to buffers, with everything held, if it was splice that was refused. */
  fallBack(): boolean {
    const { errno } = this.current;
    // A refusal of splice itself. Anything else is the stream's own error, and the kernel says that only once.
    if (this.current === this.buffers || !(isRefusal(errno) || errno === ENOMEM)) return false;
    this.canSplice = false;
    this.account.path = 'buffers';
    this.account.fallback = `splice: ${errnoName(errno)}`;
    this.toBuffers();
    return true;
  }

  empty(into: BufferList): void {
    this.account.calls += this.current.empty(into);
  }

  close(): void {
    this.current.release();
    if (this.isOpen) this.calls.pipes.leave();
    this.isOpen = false;
  }

  /** Whether bytes go through a pipe in the kernel. */
  get splices(): boolean {
    return this.current === this.pipes;
  }

  private takeAhead(mostBytes: number): number {
    const bytes = this.reads.takeUnread(mostBytes);
    this.isFresh = bytes !== undefined;
    if (bytes === undefined) return 0;
    const lengthBytes = bytes.length;
    this.buffers.take(bytes);
    return lengthBytes;
  }

  private choose(mostBytes: number): void {
    const { pipes } = this;
    if (pipes === undefined || !this.canSplice) return;
    if (this.current === pipes) {
      if (this.streak >= SPLICE_SMALL_FILLS || mostBytes < SPLICE_LEAST_BYTES || !pipes.reserve()) this.toBuffers();
      return;
    }
    if (this.streak < SPLICE_AFTER_FILLS || mostBytes < SPLICE_FROM_BYTES) return;
    this.streak = 0;
    if (pipes.reserve()) {
      this.current = pipes;
      this.account.path = 'splice';
    } else {
      this.account.fallback = this.calls.pipes.refusal;
    }
  }

  private judge(takenBytes: number): void {
    if (this.current === this.buffers) {
      this.streak = takenBytes >= SPLICE_FROM_BYTES ? this.streak + 1 : 0;
      this.wasShort = takenBytes < SPLICE_FROM_BYTES;
    } else {
      this.account.splicedBytes += takenBytes;
      this.streak = takenBytes < SPLICE_LEAST_BYTES ? this.streak + 1 : 0;
      this.wasShort = takenBytes < SPLICE_FROM_BYTES;
    }
  }

  private toBuffers(): void {
    this.streak = 0;
    const rest = new BufferList();
    this.empty(rest);
    this.buffers.take(rest);
    this.current = this.buffers;
  }
}
