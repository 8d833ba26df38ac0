/**
 * Which holder answers for each descriptor, in memory that all threads of the process share. A descriptor belongs to
 * the process and not to a thread: when a worker is terminated, the kernel closes nothing.
 *
 * A holder is a thread, or what a thread keeps descriptors in that no thread uses at the moment: connections on their
 * way to another thread, the parked connections of a service. Each has a keeper, the thread that made it. When a
 * thread ends, all that it kept has ended with it, and so on down, so one look finds what a whole tree of threads has
 * left open.
 *
 * One word a descriptor names its one holder, so a descriptor has an owner at every instant. A thread that is
 * terminated stops only where V8 looks for interrupts: where a function is entered, where a loop turns back, in calls
 * of builtins. So a system call and a plain store that stand side by side in one function are one step: the call that
 * makes a descriptor comes right before `owners[fd] = holder`, and the one that closes it right after `owners[fd] =
 * 0`. Nothing may be called in between, `Atomics` included. A change from one holder to another is one exchange
 * (`claim`).
 */
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads';
import { resourceLimit } from '../process/resource-limits.js';

/** Descriptors beyond that are not recorded. Memory that is never touched costs nothing. */
const MAX_DESCRIPTORS = 2 ** 20;
/** Threads, and threads times services, at a time. */
const MAX_HOLDERS = 2 ** 14;
/** How long one that closes waits for a thread that is writing to its descriptor: a write takes microseconds. */
const USE_MS = 1_000;

// The memory: a few words, a row for each holder, a word for each descriptor, and another for each descriptor.
const TABLE_ID = 0;
const LAST_HOLDER = 1;
const LAST_LOAN = 2;
const HEADER_WORDS = 16;
// A row. Its keeper is 0 where the row is free.
const KEEPER = 0;
/** The thread that it is, plus one; 0: it is none. */
const THREAD = 1;
/** Of the holders above it and those that know how to wake it, the one that all have in common; 0: nobody knows. */
const KNOWN_UNDER = 2;
/** The descriptor that the thread is writing to and that is another's, plus one. */
const USED = 3;
const ROW_WORDS = 4;
const OWNERS_AT = HEADER_WORDS + MAX_HOLDERS * ROW_WORDS;

/** The keeper of a thread that nobody in this memory has started. */
const NOBODY = -1;
/** In the word of a descriptor: other threads use its number. */
const LENT = 1 << 30;

/** How the memory comes to a thread: with the data that a worker inherits from the thread that starts it. */
const ENVIRONMENT_KEY = 'pollux: descriptors, 1';
interface Inheritance {
  readonly memory: SharedArrayBuffer;
  readonly keeper: number;
  /** The thread that the keeper is. */
  readonly threadId: number;
}

const inherited = getEnvironmentData(ENVIRONMENT_KEY) as unknown as Inheritance | undefined;
const memory = inherited?.memory ?? allocate();
const words = new Int32Array(memory);
const capacity = (words.length - OWNERS_AT) / 2;

/** The holder of each descriptor: write to it only as said above. */
export const owners: Int32Array = words.subarray(OWNERS_AT, OWNERS_AT + capacity);
/** A second word for each: when it was parked, or which loan it is. */
const details = words.subarray(OWNERS_AT + capacity);

/** This thread. Another copy of this module in the thread is the same holder. */
export const holder: number =
  inherited?.threadId === threadId ? inherited.keeper : newHolder(threadId + 1, inherited?.keeper ?? NOBODY);
/** Names the memory, so that a number from a thread that has another is known as such. */
export const tableId = words[TABLE_ID];

setEnvironmentData(ENVIRONMENT_KEY, { memory, keeper: holder, threadId });

/** What came open from elsewhere is this thread's from now on. */
export function own(fd: number): void {
  owners[fd] = holder;
}

/** Somebody who is not Pollux closes it from now on. */
export function disown(fd: number): void {
  owners[fd] = 0;
}

/** Room for descriptors that no thread uses at the moment, kept by this one. @throws RangeError there are too many. */
export function openHolder(): number {
  return newHolder(0, holder);
}

/** Only once it holds nothing, and nobody will claim anything of it. */
export function closeHolder(id: number): void {
  const row = rowOf(id);
  for (let word = ROW_WORDS - 1; word >= 0; word--) Atomics.store(words, row + word, 0);
}

/** Hands a descriptor of this thread's over. @param detail comes with it, for who claims it. */
export function entrust(fd: number, to: number, detail = 0): void {
  details[fd] = detail;
  Atomics.store(owners, fd, to);
}

/** @returns whether the holder had it: it is this thread's then, and nobody else gets it. */
export function claim(fd: number, from: number): boolean {
  // Beyond the table nothing is recorded, and who is told of a descriptor has it.
  return fd >= capacity || Atomics.compareExchange(owners, fd, from, holder) === from;
}

/** Whether there is a word for it. */
export function isRecordable(fd: number): boolean {
  return fd < capacity;
}

export function detailOf(fd: number): number {
  return details[fd];
}

/** What a holder has, by number. */
export function heldBy(id: number): number[] {
  const held: number[] = [];
  for (let fd = owners.indexOf(id); fd >= 0; fd = owners.indexOf(id, fd + 1)) held.push(fd);
  return held;
}

/** As `heldBy`, of some numbers only. */
export function heldAmong(id: number, first: number, count: number): number[] {
  const held: number[] = [];
  const end = Math.min(first + count, capacity);
  for (let fd = first; fd < end; fd++) if (owners[fd] === id) held.push(fd);
  return held;
}

/** Other threads are about to be told this number of this thread's. @returns what the loan is called. */
export function lend(fd: number): number {
  const loan = (Atomics.add(words, LAST_LOAN, 1) + 1) & 0x7fffffff;
  entrust(fd, holder | LENT, loan);
  return loan;
}

/** Before a lent descriptor is closed: waits until no thread that has looked at the loan is still writing to it. */
export function endLoan(fd: number): void {
  Atomics.store(owners, fd, holder);
  for (let id = 1, last = words[LAST_HOLDER]; id <= last; id++) {
    const used = rowOf(id) + USED;
    for (let waitedMs = 0; waitedMs < USE_MS && Atomics.load(words, used) === fd + 1; waitedMs++) {
      Atomics.wait(words, used, fd + 1, 1);
    }
  }
}

/** @returns whether the descriptor is still the one that was lent; it stays open until `endUse` then. */
export function beginUse(fd: number, loan: number): boolean {
  Atomics.store(words, rowOf(holder) + USED, fd + 1);
  if ((Atomics.load(owners, fd) & LENT) !== 0 && details[fd] === loan) return true;
  endUse();
  return false;
}

export function endUse(): void {
  leaveUse(rowOf(holder));
}

function leaveUse(row: number): void {
  Atomics.store(words, row + USED, 0);
}

/** From now on this thread knows how to wake another, which knows how to wake it. */
export function meet(thread: number): void {
  const other = holderOf(thread);
  const common = other === 0 ? NOBODY : commonKeeper(holder, other);
  for (const id of [holder, other]) if (id !== 0) raise(rowOf(id) + KNOWN_UNDER, common);
}

function raise(word: number, common: number): void {
  for (let known = words[word]; ;) {
    const highest = known === 0 ? common : commonKeeper(known, common);
    const found = Atomics.compareExchange(words, word, known, highest);
    if (found === known) return;
    known = found;
  }
}

/** 0: it is none of this memory. */
function holderOf(thread: number): number {
  for (let id = 1, last = words[LAST_HOLDER]; id <= last; id++) if (words[rowOf(id) + THREAD] === thread + 1) return id;
  return 0;
}

/** The lowest of those that have kept both, or are one of them; NOBODY: there is none. */
function commonKeeper(one: number, other: number): number {
  const above = new Set<number>();
  for (let id = one; id > 0; id = words[rowOf(id) + KEEPER]) above.add(id);
  for (let id = other; id > 0; id = words[rowOf(id) + KEEPER]) if (above.has(id)) return id;
  return NOBODY;
}

/** What a thread had when it ended, and the threads that it had started. */
export interface ThreadDescriptors {
  /** Holders that have ended, for `closeHolder` once everything is closed. */
  readonly holders: readonly number[];
  /** Descriptors that nobody else knows, by number. */
  readonly own: number[];
  /** Descriptors that other threads know. */
  readonly lent: number[];
  /** Whether threads that live know how to wake one of those. */
  readonly isKnown: boolean;
}

/** Only for a thread that has ended. */
export function descriptorsOfThread(thread: number): ThreadDescriptors {
  const ended = new Set<number>();
  const last = words[LAST_HOLDER];
  const first = holderOf(thread);
  if (first !== 0) ended.add(first);
  // A holder whose keeper has ended has ended too; a row may stand before that of its keeper.
  for (let known = -1; known < ended.size;) {
    known = ended.size;
    for (let id = 1; id <= last; id++) if (ended.has(words[rowOf(id) + KEEPER])) ended.add(id);
  }
  const holders = [...ended];
  const left = { holders, own: [] as number[], lent: [] as number[] };
  // A thread that ended while it wrote to another's descriptor holds that up no longer.
  for (const id of holders) leaveUse(rowOf(id));
  // There may be a million words, and this is the owner's time.
  for (let fd = 0; ended.size > 0 && fd < capacity; fd++) {
    const word = owners[fd];
    if (word === 0 || !ended.has(word & ~LENT)) continue;
    ((word & LENT) === 0 ? left.own : left.lent).push(fd);
  }
  const isKnownOutside = (id: number) => {
    const common = words[rowOf(id) + KNOWN_UNDER];
    return common !== 0 && !ended.has(common);
  };
  return { ...left, isKnown: holders.some(isKnownOutside) };
}

function rowOf(id: number): number {
  return HEADER_WORDS + id * ROW_WORDS;
}

/** @param thread plus one; 0: none. @returns an id from 1. */
function newHolder(thread: number, keeper: number): number {
  for (let id = 1; id < MAX_HOLDERS; id++) {
    const row = rowOf(id);
    if (words[row + KEEPER] !== 0 || Atomics.compareExchange(words, row + KEEPER, 0, keeper) !== 0) continue;
    Atomics.store(words, row + THREAD, thread);
    for (let last = words[LAST_HOLDER]; last < id;) {
      const found = Atomics.compareExchange(words, LAST_HOLDER, last, id);
      last = found === last ? id : found;
    }
    return id;
  }
  throw new RangeError(`holders of descriptors: ${MAX_HOLDERS} are in use; allowed: fewer threads and services`);
}

function descriptorLimit(): number {
  try {
    return resourceLimit('openFiles').hard;
  } catch {
    // A sandbox does not tell.
    return MAX_DESCRIPTORS;
  }
}

function allocate(): SharedArrayBuffer {
  const descriptors = Math.min(descriptorLimit(), MAX_DESCRIPTORS);
  const allocated = new SharedArrayBuffer((OWNERS_AT + 2 * descriptors) * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(allocated)[TABLE_ID] = 1 + Math.floor(Math.random() * 0x7ffffffe);
  return allocated;
}
