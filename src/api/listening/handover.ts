/** Where the connections of a listener go: to a handler, a new owner of their descriptors, or an iteration. */
import { ACCEPTS_PER_TURN } from '../../core/limits.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { wrongState } from '../../sys/ffi/io-error.js';
import { LISTENER_WAYS } from '../one-way.js';
import { Pull, type PullSource } from '../pull.js';
import { titleOf } from '../socket/socket.js';
import type { Connection } from '../stream/connection.js';
import type { CountedConnections } from './open-connections.js';

/** The listener, as this part sees it. */
export interface HandoverOwner {
  readonly reactor: Reactor;
  readonly descriptor: Descriptor;
  readonly isClosed: boolean;
  /** Connections may be wanted now that were not before, or the reverse. */
  updateAccepting(): void;
  close(): Promise<void>;
}

export class Handover implements PullSource<Connection> {
  private readonly pull = new Pull<Connection>(this);
  private handler: ((connection: Connection) => void) | undefined = undefined;
  private diversion: ((fd: number) => void) | undefined = undefined;
  /** Accepted, and not yet taken by the iteration. */
  private readonly waiting: Connection[] = [];
  private isIterated = false;

  constructor(
    private readonly listener: HandoverOwner,
    private readonly open: CountedConnections,
  ) {}

  get onConnection(): ((connection: Connection) => void) | undefined {
    return this.handler;
  }

  /** @throws IoError EBUSY: the listener is being iterated. */
  setHandler(handler: ((connection: Connection) => void) | undefined): void {
    if (handler !== undefined && this.isIterated) throw LISTENER_WAYS.itemsAreTaken(this.title);
    this.handler = handler;
    this.listener.updateAccepting();
  }

  /** In place of a handler: takes each descriptor as it is, and owns it. */
  divert(toOwner: ((fd: number) => void) | undefined): void {
    this.diversion = toOwner;
    this.listener.updateAccepting();
  }

  /** @throws IoError EBUSY: there is a handler or an iteration. */
  iterate(): AsyncIterator<Connection> {
    if (this.handler !== undefined || this.isIterated) {
      const why = 'the listener has a handler or an iterator already; use one way at a time';
      throw wrongState('EBUSY', 'for await', why, this.title);
    }
    this.isIterated = true;
    return this.pull.iterate(() => this.listener.close());
  }

  /** Whether each connection has somebody who takes it at once. */
  get hasTaker(): boolean {
    return this.handler !== undefined || this.diversion !== undefined;
  }

  /** Whether a connection would be taken now, or kept for an iteration. */
  get wantsConnections(): boolean {
    if (this.open.areFull) return false;
    return this.hasTaker || (this.isIterated && this.waiting.length < ACCEPTS_PER_TURN);
  }

  /** Hands on a descriptor that was accepted. */
  take(fd: number): void {
    if (this.diversion !== undefined) {
      this.diversion(fd);
      return;
    }
    const { reactor, descriptor: listening } = this.listener;
    const { scope } = listening;
    const descriptor = reactor.driver.add(fd, scope);
    descriptor.origin = 'own';
    const connection = this.open.add(descriptor);
    if (this.open.areFull) this.listener.updateAccepting();
    if (this.handler !== undefined) {
      scope.run(this.handler, undefined, connection);
    } else if (this.pull.isWaiting) {
      this.pull.give(connection);
    } else {
      this.waiting.push(connection);
      this.listener.updateAccepting();
    }
  }

  /** The listener is closed: nobody will take those that wait. */
  dropWaiting(): void {
    for (const connection of this.waiting.splice(0)) connection.destroy();
  }

  /** No more connections come: an iteration ends after those that wait. */
  end(): void {
    this.pull.end();
  }

  checkFree(call: string): void {
    if (this.pull.isWaiting) throw LISTENER_WAYS.callIsUnderWay(call, this.title);
  }

  takeNext(): Connection | null | undefined {
    const connection = this.waiting.shift();
    if (connection === undefined) return this.listener.isClosed ? null : undefined;
    this.listener.updateAccepting();
    return connection;
  }

  onWaiting(): void {
    this.listener.updateAccepting();
  }

  private get title(): string {
    return titleOf(this.listener.descriptor);
  }
}
