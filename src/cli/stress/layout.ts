/**
 * How a side is laid out: its threads in as few processes as the limits let it, and its connections over the threads.
 * What does not fit is clipped, and it is said which limit did so.
 */
import { localPorts, resourceLimit } from '../../sys/process/resource-limits.js';
import { DEFAULTS, type Transport } from './plan.js';
import type { LimitNote } from './result.js';

/** Descriptors of the runtime itself, the listener and its reserve, with room to spare. */
const OWN_DESCRIPTORS = 64;
/** Loop, reactor, mailbox, listener and reserve of a thread beside the main one: some 12, with room to spare. */
const THREAD_DESCRIPTORS = 20;

export interface Layout {
  /** How many threads each process has. */
  readonly processes: readonly number[];
  /** How many connections each thread has, one after another. */
  readonly connections: readonly number[];
  readonly limits: readonly LimitNote[];
}

/**
 * @param wanted connections in all.
 * @param threads at most; there are not more of them than connections.
 * @param onePort whether all go to one address and port, and not to one a thread.
 */
export function layOut(wanted: number, threads: number, transport: Transport, onePort = false): Layout {
  const count = Math.min(threads, wanted);
  const limits: LimitNote[] = [];
  const ports = transport === 'unix' ? Infinity : (localPorts() ?? Infinity);
  const targets = onePort ? 1 : count;
  let connections = Math.min(wanted, ports * targets);
  if (connections < wanted)
    limits.push(clipping('local ports', ports, Math.ceil(wanted / targets), connections, wanted));
  const { soft } = resourceLimit('openFiles');
  const most = Math.max(1, soft - OWN_DESCRIPTORS) * count;
  // A thread needs a process at least, so there are never more of these.
  if (most < connections) {
    limits.push(clipping('nofile', soft, Math.ceil(wanted / count) + OWN_DESCRIPTORS, most, wanted));
    connections = most;
  }
  const processes = fewestProcesses(connections, count, soft);
  if (processes > 1) {
    const asked = need(connections, count);
    limits.push({ name: 'nofile', value: soft, asked, effect: `${processes} processes a side instead of 1` });
  }
  return { processes: share(count, processes), connections: share(connections, count), limits };
}

/**
 * A server alone: nobody knows how many will come, so there is room for libiapp's number.
 * @returns how many threads each process has.
 */
export function layOutServer(threads: number): readonly number[] {
  const { soft } = resourceLimit('openFiles');
  return share(threads, fewestProcesses(DEFAULTS.connectionsPerThread * threads, threads, soft));
}

/** Splits a whole into parts that differ by one at most. */
export function share(whole: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, index) => {
    const before = Math.floor((whole * index) / parts);
    return Math.floor((whole * (index + 1)) / parts) - before;
  });
}

function fewestProcesses(connections: number, threads: number, openFiles: number): number {
  for (let processes = 1; processes < threads; processes++) {
    const most = Math.ceil(threads / processes);
    if (need(most * Math.ceil(connections / threads), most) <= openFiles) return processes;
  }
  return threads;
}

/** Descriptors of a process. */
function need(connections: number, threads: number): number {
  return connections + OWN_DESCRIPTORS + (threads > 1 ? threads * THREAD_DESCRIPTORS : 0);
}

function clipping(name: string, value: number, asked: number, allowed: number, wanted: number): LimitNote {
  return { name, value, asked, effect: `${allowed} connections instead of ${wanted}` };
}
