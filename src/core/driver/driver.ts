/**
 * The driver: it runs operations for the api, and the api knows nothing below it. ReadinessDriver makes one of any
 * backend (try the call first, wait for readiness when it would block), and has a ring carry what one can.
 */
import type { Backend, Interest, RegistrationMode } from '../../backends/contract.js';
import type { EventSources, Source } from '../../backends/sources/contract.js';
import type { AsyncScope } from '../reactor/async-scope.js';
import type { EventOwners } from '../observation/turn-meter.js';
import type { BufferList } from '../memory/buffer-list.js';
import type { CarriableSend } from '../operations/carriable.js';
import type { Descriptor, Operation } from '../operations/operation.js';

/** Running totals of the calls that moved bytes and connections; the backend's own calls are in its counters. */
export interface DriverCounters {
  /** System calls of operations, of all the kinds that follow. */
  readonly systemCalls: number;
  /** accept4(2). */
  accepts: number;
  /** connect(2), and the questions whether it has succeeded. */
  connects: number;
  /** recv(2), recvmsg(2), read(2) of a pipe. */
  receives: number;
  /** send(2), sendmsg(2), write(2) to a pipe. */
  sends: number;
  sendfiles: number;
  /** Calls of `join` and of copies between sockets and files: splice(2), or receiving and sending. */
  relays: number;
  /** recv(2) that takes nothing: whether the peer of a connection that nobody reads has gone. */
  looks: number;
  bytesReceived: number;
  bytesSent: number;
  /** Those of `bytesSent` that sendfile(2) took out of a file. */
  sendfileBytes: number;
  /** Those of `bytesReceived` that splice(2) took. */
  splicedBytes: number;
  /** Bytes that the kernel moved from socket to socket by SO_SPLICE: beside `bytesReceived` and `bytesSent`. */
  soSplicedBytes: number;
  /** Events that brought no progress. */
  fruitlessEvents: number;
  /** Descriptors disarmed because their events kept bringing none. */
  spinsStopped: number;
}

export class DriverTotals implements DriverCounters {
  accepts = 0;
  connects = 0;
  receives = 0;
  sends = 0;
  sendfiles = 0;
  relays = 0;
  looks = 0;
  bytesReceived = 0;
  bytesSent = 0;
  sendfileBytes = 0;
  splicedBytes = 0;
  soSplicedBytes = 0;
  fruitlessEvents = 0;
  spinsStopped = 0;

  get systemCalls(): number {
    return this.accepts + this.connects + this.receives + this.sends + this.sendfiles + this.relays + this.looks;
  }
}

/** The owner of a watch on a raw descriptor. */
export interface Watcher {
  /** @param errno what the kernel said with the event, or why it does not watch any more; 0 for nothing. */
  onReady(readiness: number, data: number, errno: number): void;
}

/** What sends together with the wait of a reactor. */
export interface SendCarrier {
  /** A turn of the reactor begins, in which sends may be postponed. */
  beginTurn(): void;
  /** What was postponed goes. @throws IoError the backend is gone. */
  endTurn(): void;
  /** Whether what is sent on a descriptor may be postponed now. */
  mayPostpone(descriptor: Descriptor): boolean;
  /**
   * Puts bytes at the end of a send and lets the next wait take them along, which is in this turn or at its end.
   *
   * @param part a list is moved, and an array copied.
   * @returns false: nothing was done; the bytes are to be sent by a call.
   */
  postpone(descriptor: Descriptor, send: CarriableSend, part: Uint8Array | BufferList): boolean;
  /** What was postponed is tried now; what is left of it goes on by readiness. Nothing if the kernel has it already. */
  hasten(send: CarriableSend): void;
}

export interface Driver {
  /** The readiness backend below, for its name, traits and counters. */
  readonly backend: Backend;
  readonly counters: DriverCounters;
  /** The events of the last wait. */
  readonly harvest: EventOwners;
  /** What has a registration with the backend: each descriptor on which something had to wait. */
  readonly registered: {
    descriptors(): Descriptor[];
    /** And those on which nothing had to wait yet. */
    inCare(): Descriptor[];
  };

  /** What sends together with the wait; undefined where each send is a call. */
  readonly carrier: SendCarrier | undefined;

  /** Whether `watch` has this descriptor. */
  isWatched(fd: number): boolean;

  /**
   * Takes a descriptor into care. No system call: registering waits for the first operation that would block. A watch
   * of this number ends with EBADF: the system gave the number out anew, so what was watched is closed.
   *
   * @param scope in which the callbacks of its owner run.
   * @param isExclusive other threads wait for the same, and one of them is to be woken; it is only ever read from.
   * @throws IoError ENOTSUP: the backend can't.
   */
  add(fd: number, scope: AsyncScope, isExclusive?: boolean): Descriptor;

  /**
   * Lets go of a descriptor: its operations are taken off, its registration ends, and no event of it is seen any more.
   * Closing it is the caller's next step.
   */
  remove(descriptor: Descriptor): void;

  /**
   * Starts an operation. It is tried at once if nothing is queued before it.
   *
   * @returns true: it is over already, its result is in it, and `complete` will not be called. false: `complete`
   *   follows in a later step of a turn.
   * @throws IoError the kernel refused to watch the descriptor (EPERM, ENOSPC, ENOMEM).
   */
  submit(descriptor: Descriptor, operation: Operation): boolean;

  /** Starts a continuous operation, without trying it: its first bytes come in a turn, never in this call. */
  start(descriptor: Descriptor, operation: Operation): void;

  /** Takes a queued operation off. Nothing if it is over. */
  cancel(operation: Operation): void;

  /**
   * Watches a raw descriptor.
   *
   * @returns a token for `rewatch` and `unwatch`.
   * @throws IoError EBADF, EPERM, EEXIST, ENOTSUP.
   */
  watch(fd: number, interest: Interest, mode: RegistrationMode, watcher: Watcher): number;
  rewatch(token: number, interest: Interest): void;
  unwatch(token: number): void;
  /** See `Backend.wouldBlock`. */
  wouldBlock(token: number, interest: Interest): void;

  /** Timers, processes, files and the like, as this backend or this system watches them. */
  readonly sources: EventSources;
  /** Hands the events of a source that `sources` opened to `watcher`, until `closeSource`. */
  followSource(source: Source, watcher: Watcher): void;
  closeSource(source: Source): void;

  /** Whether something can be done without waiting. */
  readonly hasWork: boolean;
  /** Whether something that was ready at the last wait has not had its turn: a budget or an exception put it off. */
  readonly isBehind: boolean;
  /** Flushes changes and waits. @returns how many events there are to dispatch. */
  wait(timeoutNs: number): number;
  /**
   * Runs what is ready, each descriptor within its budget. An exception of a callback leaves the rest for the next
   * call.
   */
  dispatch(): void;
  /** The backend can't wait any more: ends all operations. @returns who watches, and is still to be told. */
  failAllOwners(failure: Error): Watcher[];
  close(): void;
}
