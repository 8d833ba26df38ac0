/** A plain connection as an end of a transfer by buffers, whose other end has TLS. */
import { unlessAborted } from '../../../base/unless-aborted.js';
import { BufferList } from '../../../core/memory/buffer-list.js';
import type { Descriptor } from '../../../core/operations/operation.js';
import type { ReadTurn } from '../../../core/operations/read-turn.js';
import { Receive, type ReceiveOwner } from '../../../core/operations/receive.js';
import { Send, type SendOwner } from '../../../core/operations/send.js';
import type { WriteTurn } from '../../../core/operations/write-turns.js';
import type { Reactor } from '../../../core/reactor/reactor.js';
import { settling, type Settling } from '../../settling.js';
import type { Connection } from '../../stream/connection.js';
import { checkSink, checkSource } from '../transfer-ends.js';
import type { BufferedPort, BufferedSink, BufferedSource } from './port.js';

export class PlainPort implements BufferedPort {
  readonly why = undefined;

  constructor(private readonly connection: Connection) {}

  get isClosed(): boolean {
    return this.connection.isClosed;
  }

  get ownFd(): number {
    return this.connection.ownFd;
  }

  source(name: string): BufferedSource {
    checkSource(name, this.connection);
    return new PlainSource(this.connection, name);
  }

  sink(name: string): BufferedSink {
    checkSink(name, this.connection);
    return new PlainSink(this.connection, name);
  }

  end(): void {
    this.connection.end();
  }

  reset(failure: Error): void {
    this.connection.reset(failure);
  }
}

class PlainSource implements BufferedSource, ReadTurn, ReceiveOwner {
  private readonly operation = new Receive(this);
  private descriptor!: Descriptor;
  /** Received, and not asked for yet. */
  private readonly rest = new BufferList();
  private waiting: Settling<void> | undefined = undefined;
  private ending: { readonly failure: Error | undefined } | undefined = undefined;
  /** The transfer has met the end, or what the stream broke with, and the connection does not know. */
  private isEndToTell = false;

  constructor(
    private readonly connection: Connection,
    readonly sourceName: string,
  ) {}

  get reactor(): Reactor {
    return this.connection.reactor;
  }

  begin(): void {
    this.descriptor = this.connection.reads.borrowReads(this);
  }

  async ready(_mostBytes: number, signal: AbortSignal): Promise<void> {
    const { reads } = this.connection;
    if (this.rest.length > 0 || reads.hasUnread || reads.hasPeerEnded) return;
    if (this.ending?.failure !== undefined) throw this.ending.failure;
    if (this.ending !== undefined) return;
    const waiting = (this.waiting = settling());
    this.receive();
    await unlessAborted(waiting.promise, signal, () => this.stop());
  }

  take(mostBytes: number): BufferList | null {
    const { reads } = this.connection;
    if (this.rest.length > 0) return this.rest.split(Math.min(mostBytes, this.rest.length));
    const unread = reads.takeUnread(mostBytes);
    if (unread !== undefined) reads.onTurnArrival(unread.length);
    return unread ?? null;
  }

  finish(): void {
    const { connection, ending } = this;
    this.stop();
    this.reactor.receiveBuffer.forget(this);
    connection.reads.returnReads(this);
    if (this.rest.length > 0) connection.unread(this.rest);
    if (this.isEndToTell) connection.reads.onTurnEnd(ending?.failure);
  }

  onReceived(chunk: BufferList): void {
    this.reactor.driver.cancel(this.operation);
    this.connection.reads.onTurnArrival(chunk.length);
    this.rest.append(chunk.copy());
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve();
  }

  onStarved(): void {
    this.reactor.driver.cancel(this.operation);
    this.reactor.receiveBuffer.whenAvailable(this, () => this.receive());
  }

  onReceiveEnd(failure: Error | undefined): void {
    this.isEndToTell = true;
    this.over(failure);
  }

  readsTaken(): void {
    this.reactor.driver.cancel(this.operation);
  }

  sourceClosed(failure: Error): void {
    this.isEndToTell = false;
    this.over(failure);
  }

  private receive(): void {
    if (this.waiting !== undefined) this.reactor.driver.start(this.descriptor, this.operation);
  }

  /** @returns whether a read was under way. */
  private stop(): boolean {
    const { waiting } = this;
    this.waiting = undefined;
    this.reactor.driver.cancel(this.operation);
    return waiting !== undefined;
  }

  private over(failure: Error | undefined): void {
    this.ending ??= { failure };
    const { waiting } = this;
    this.waiting = undefined;
    if (failure === undefined) waiting?.resolve();
    else waiting?.reject(failure);
  }
}

class PlainSink implements BufferedSink, WriteTurn, SendOwner {
  private readonly operation = new Send(this);
  private descriptor: Descriptor | undefined = undefined;
  private readonly turn = settling<void>();
  private waiting: Settling<void> | undefined = undefined;
  private failure: Error | undefined = undefined;
  private onBroken: (failure: Error) => void = () => {};

  constructor(
    private readonly connection: Connection,
    readonly sinkName: string,
  ) {}

  get reactor(): Reactor {
    return this.connection.reactor;
  }

  get bytesSent(): number {
    return this.operation.bytesSent;
  }

  get queuedBytes(): number {
    return this.operation.queue.length;
  }

  /** It waits for its source. */
  get isHeld(): boolean {
    return this.waiting === undefined;
  }

  takeTurn(onBroken: (failure: Error) => void): Promise<void> {
    this.onBroken = onBroken;
    this.connection.writes.takeTurn(this);
    return this.turn.promise;
  }

  begin(descriptor: Descriptor): void {
    this.descriptor = descriptor;
    this.turn.resolve();
  }

  async write(bytes: BufferList): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const { operation } = this;
    operation.queue.append(bytes);
    if (this.reactor.driver.submit(this.descriptor!, operation)) return this.sent();
    this.waiting = settling();
    this.connection.writes.onTurnProgress();
    return this.waiting.promise;
  }

  finish(): void {
    // Before it is cancelled, which would drop them.
    const rest = this.operation.queue.take();
    this.reactor.driver.cancel(this.operation);
    this.waiting?.promise.catch(() => {});
    this.connection.writes.endTurn(this, rest);
  }

  onSendProgress(): void {
    this.connection.writes.onTurnProgress();
  }

  onSendEnd(): void {
    const { waiting } = this;
    this.waiting = undefined;
    try {
      this.sent();
      waiting?.resolve();
    } catch (error) {
      waiting?.reject(error as Error);
    }
  }

  broken(failure: Error): void {
    this.failure = failure;
    this.turn.promise.catch(() => {});
    this.turn.reject(failure);
    this.waiting?.reject(failure);
    this.onBroken(failure);
  }

  /** @throws what the stream broke with. */
  private sent(): void {
    const { failure } = this.operation;
    if (failure === undefined) return this.connection.writes.onTurnProgress();
    this.failure = failure;
    throw failure;
  }
}
