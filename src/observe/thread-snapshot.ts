/** What a thread has done since it began, as plain data: the one shape that status sockets, metrics and tests read. */
import { isMainThread, threadId } from 'node:worker_threads';
import type { HistogramCounts } from '../base/histogram.js';
import { monotonicMs } from '../base/runtime-functions.js';
import { InboundHalf } from '../api/stream/parts/inbound-half.js';
import { currentReactor } from '../api/thread-reactor.js';
import { integer, valuesOf, type OptionTable } from '../base/options.js';
import type { InboxDepths } from '../core/reactor/inbox.js';
import type { Reactor } from '../core/reactor/reactor.js';
import type { Utilization } from '../core/reactor/utilization.js';
import { copiedBytes } from '../core/transfers/account.js';
import { snapshotSockets, type SocketsSnapshot } from './sockets.js';

/** Running totals, if nothing else is said. */
export interface ThreadSnapshot {
  /** 'main', or 'thread 3' by Node's number. */
  readonly name: string;
  readonly threadId: number;
  /** When this was taken: milliseconds of a clock that nobody sets, the same for all snapshots of a thread. */
  readonly atMs: number;
  readonly state: 'open' | 'paused' | 'closed';
  readonly backend: string;
  readonly mode: string;
  readonly utilization: Utilization;
  readonly turns: TurnsSnapshot;
  /** System calls by what they are for. */
  readonly systemCalls: SystemCallsSnapshot;
  readonly bytes: BytesSnapshot;
  readonly events: EventsSnapshot;
  readonly memory: MemorySnapshot;
  /** Of the thread's mailbox; undefined while it has none. */
  readonly messages: InboxDepths | undefined;
  /** What is open here now: sockets, watches, mailboxes. `references` of them keep the process alive. */
  readonly handles: number;
  readonly references: number;
  /** Timers that are armed now. */
  readonly timers: number;
  readonly sockets: SocketsSnapshot;
}

/** The histograms count from the first snapshot of the thread on: before that nobody has asked. */
export interface TurnsSnapshot {
  readonly count: number;
  /** Turns that were allowed to block. */
  readonly sleeps: number;
  /** Milliseconds of a turn without its wait: how long Pollux kept Node waiting. */
  readonly durationMs: HistogramCounts;
  /** Milliseconds asleep. */
  readonly waitMs: HistogramCounts;
  /** Milliseconds between two turns: how long Node kept Pollux waiting. */
  readonly lagMs: HistogramCounts;
  /** Events of a turn. */
  readonly events: HistogramCounts;
}

/** The system calls of a thread, by kind. */
export interface SystemCallsSnapshot {
  /** Waits of the backend, and changes that needed a call of their own. */
  readonly backend: number;
  readonly accept: number;
  readonly connect: number;
  readonly receive: number;
  readonly send: number;
  readonly sendfile: number;
  /** Of `join` and of copies with a socket. */
  readonly relay: number;
  /** Looks whether the peer of a connection that nobody reads has gone. */
  readonly look: number;
}

/** The bytes that a thread holds and has moved. */
export interface BytesSnapshot {
  readonly received: number;
  readonly sent: number;
  /** Bytes that have gone out, to sockets and files, by the path that they took. */
  readonly paths: Readonly<
    Record<'buffers' | 'sendfile' | 'splice' | 'so_splice' | 'copy_file_range' | 'reflink', number>
  >;
}

/** The events and waits of a thread. */
export interface EventsSnapshot {
  readonly total: number;
  /** Events of descriptors that were closed meanwhile. */
  readonly stale: number;
  /** Events that brought no progress. */
  readonly fruitless: number;
  /** Descriptors that were given up since their events kept bringing none. */
  readonly spinsStopped: number;
  /** Waits that another thread ended. */
  readonly wakes: number;
  /** Changes of registrations that were asked for, and that reached the kernel. */
  readonly changesAsked: number;
  readonly changesSent: number;
}

/** Memory for received bytes, now. */
export interface MemorySnapshot {
  /** Taken from the system. */
  readonly heldBytes: number;
  /** On loan: being received into, or kept by somebody. */
  readonly leasedBytes: number;
  /** The most that was on loan at once. */
  readonly peakBytes: number;
  /** On loan beside it, since the pool was scarce. */
  readonly pocketBytes: number;
  /** Sockets that receive nothing until somebody releases memory. */
  readonly starved: number;
  /** Those who keep most of it, most first: at most 5. */
  readonly keepers: readonly KeeperSnapshot[];
}

/** One keeper of descriptors at the time of the snapshot. */
export interface KeeperSnapshot {
  /** What the object shows of itself: 'Connection' with its state, descriptor and addresses. */
  readonly owner: unknown;
  readonly bytes: number;
}

/** Options of a snapshot. */
export interface SnapshotOptions {
  /** Connections to list: those through which most has gone since the last snapshot. Default 20; 0 lists none. */
  readonly connections?: number;
}

export const SNAPSHOT_OPTIONS = { connections: integer(0, 10_000, 20) } satisfies OptionTable<SnapshotOptions>;

const KEEPERS = 5;

/**
 * Looks at this thread. It starts the thread's reactor if there is none.
 *
 *     const before = snapshotThread();
 *     setTimeout(() => {
 *       const after = snapshotThread();
 *       const lag = histogramBetween(after.turns.lagMs, before.turns.lagMs);
 *       console.log(after.bytes.sent - before.bytes.sent, quantile(lag, 0.99));
 *     }, 1000);
 *
 * @returns plain data, which can be cloned, posted and made JSON of.
 * @throws TypeError, RangeError an option that makes no sense, named. @throws Error no backend runs here.
 */
export function snapshotThread(options: SnapshotOptions = {}): ThreadSnapshot {
  const { connections } = valuesOf(SNAPSHOT_OPTIONS, options);
  const reactor = currentReactor();
  const { driver, mode, counters, contents } = reactor;
  const { state, handles, references, timers, inbox } = contents;
  const meter = reactor.measure();
  return {
    name: isMainThread ? 'main' : `thread ${threadId}`,
    threadId,
    atMs: monotonicMs(),
    state,
    backend: driver.backend.name,
    mode,
    utilization: reactor.utilization(),
    turns: {
      count: counters.turns,
      sleeps: counters.sleeps,
      durationMs: meter.durationMs.snapshot(),
      waitMs: meter.waitMs.snapshot(),
      lagMs: meter.lagMs.snapshot(),
      events: meter.events.snapshot(),
    },
    systemCalls: systemCallsOf(reactor),
    bytes: bytesOf(reactor),
    events: eventsOf(reactor),
    memory: memoryOf(reactor),
    messages: inbox,
    handles,
    references,
    timers,
    sockets: snapshotSockets(reactor, connections),
  };
}

function systemCallsOf({ driver: { backend, counters } }: Reactor): SystemCallsSnapshot {
  return {
    backend: backend.counters.systemCalls,
    accept: counters.accepts,
    connect: counters.connects,
    receive: counters.receives,
    send: counters.sends,
    sendfile: counters.sendfiles,
    relay: counters.relays,
    look: counters.looks,
  };
}

function bytesOf({ driver: { counters } }: Reactor): BytesSnapshot {
  const { bytesReceived, bytesSent, sendfileBytes, splicedBytes, soSplicedBytes } = counters;
  return {
    received: bytesReceived,
    sent: bytesSent,
    paths: {
      // What lies in a pipe was spliced in, and has not gone out.
      buffers: Math.max(0, bytesSent - sendfileBytes - splicedBytes) + copiedBytes.buffers,
      sendfile: sendfileBytes,
      splice: splicedBytes,
      so_splice: soSplicedBytes,
      copy_file_range: copiedBytes.copy_file_range,
      reflink: copiedBytes.reflink,
    },
  };
}

function eventsOf({ driver: { backend, counters } }: Reactor): EventsSnapshot {
  const { events, staleEvents, wakes, changesAsked, changesSent } = backend.counters;
  const { fruitlessEvents, spinsStopped } = counters;
  return {
    total: events,
    stale: staleEvents,
    fruitless: fruitlessEvents,
    spinsStopped,
    wakes,
    changesAsked,
    changesSent,
  };
}

function memoryOf({ slab, receiveBuffer }: Reactor): MemorySnapshot {
  const keepers = [...slab.keepers].sort(([, a], [, b]) => b - a).slice(0, KEEPERS);
  return {
    heldBytes: slab.heldBytes,
    leasedBytes: slab.leasedChunks * slab.chunkBytes,
    peakBytes: slab.peakChunks * slab.chunkBytes,
    pocketBytes: slab.pocketBytes,
    starved: receiveBuffer.starvedCount,
    keepers: keepers.map(([owner, chunks]) => ({ owner: describe(owner), bytes: chunks * slab.chunkBytes })),
  };
}

/** What `describeBy` has given it to show. */
function describe(receiver: object): unknown {
  const owner: object = receiver instanceof InboundHalf ? receiver.connection : receiver;
  return (owner as { toJSON?(): unknown }).toJSON?.() ?? owner.constructor.name;
}
