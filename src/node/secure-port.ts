/** A secure connection as an end of `copy`, `join` and `sendFile`. */
import type { BufferList } from '../core/memory/buffer-list.js';
import type { BufferedPort, BufferedSink, BufferedSource } from '../api/transfer/buffered/port.js';
import { settling } from '../api/settling.js';
import type { SecureReads } from './secure-reads.js';
import type { SecureTurn, SecureWrites } from './secure-writes.js';

/** The connection, as transfers see it. */
export interface PortOwner {
  readonly reads: SecureReads;
  readonly writes: SecureWrites;
  readonly isClosed: boolean;
  readonly ownFd: number;
  end(): void;
  reset(failure: Error): void;
}

export class SecurePort implements BufferedPort {
  readonly why = 'the connection is of TLS';

  constructor(private readonly connection: PortOwner) {}

  get isClosed(): boolean {
    return this.connection.isClosed;
  }

  get ownFd(): number {
    return this.connection.ownFd;
  }

  source(): BufferedSource {
    return new SecureSource(this.connection.reads);
  }

  sink(): BufferedSink {
    return new SecureSink(this.connection.writes);
  }

  end(): void {
    if (!this.isClosed) this.connection.end();
  }

  reset(failure: Error): void {
    this.connection.reset(failure);
  }
}

class SecureSource implements BufferedSource {
  /** Read, and not taken yet. */
  private chunk: BufferList | null = null;
  private isOver = false;

  constructor(private readonly reads: SecureReads) {}

  begin(): void {
    this.reads.borrow(this);
  }

  async ready(mostBytes: number, signal: AbortSignal): Promise<void> {
    this.chunk = await this.reads.readBorrowed(mostBytes, signal);
    if (this.isOver) this.putBack();
  }

  take(): BufferList | null {
    const { chunk } = this;
    this.chunk = null;
    return chunk;
  }

  finish(): void {
    this.isOver = true;
    this.putBack();
    this.reads.giveBack(this);
  }

  private putBack(): void {
    const chunk = this.take();
    if (chunk !== null) this.reads.putBack(chunk);
  }
}

class SecureSink implements BufferedSink, SecureTurn {
  private readonly turn = settling<void>();
  private onBroken: (failure: Error) => void = () => {};

  constructor(private readonly writes: SecureWrites) {}

  takeTurn(onBroken: (failure: Error) => void): Promise<void> {
    this.onBroken = onBroken;
    this.writes.takeTurn(this);
    return this.turn.promise;
  }

  write(bytes: BufferList): Promise<void> {
    return this.writes.writeInTurn(bytes);
  }

  finish(): void {
    this.writes.endTurn(this);
  }

  begin(): void {
    this.turn.resolve();
  }

  broken(failure: Error): void {
    this.turn.promise.catch(() => {});
    this.turn.reject(failure);
    this.onBroken(failure);
  }
}
