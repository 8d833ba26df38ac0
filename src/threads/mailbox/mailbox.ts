/**
 * A thread's mailbox: two rings that every other thread may write to, one for messages and one for what the runtime has
 * to say, and the wake handle of the backend in which this thread waits. It is a step of the reactor's turn; while the
 * thread is awake, nothing but memory is touched.
 */
import { wrongState } from '../../sys/ffi/io-error.js';
import { threadId } from 'node:worker_threads';
import { CLOSED, createRing, OWNER, type RingMemory } from '../ring/layout.js';
import { RingReader } from '../ring/reader.js';
import { releaseSenders } from '../ring/senders.js';
import { threadState } from '../../base/thread-state.js';
import type { Inbox, InboxDepths, QueueDepth } from '../../core/reactor/inbox.js';
import {
  CONTROL_BYTES,
  MAILBOX_BYTES,
  MAILBOX_SENDERS,
  MESSAGES_BEFORE_CONTROL,
  RECORDS_PER_TURN,
} from '../../core/limits.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { isSameMailbox, type MailboxAddress } from './address.js';
import { Link, type LinkOwner } from './link.js';
import { Patience } from './patience.js';
import { awaitSenders, awaitWakers, wakeOwner } from './waking.js';

/** How large a mailbox is, and for how many senders. */
export interface MailboxOptions {
  /**
   * Room for messages: a power of two. A message may take half of it. To a thread with less than 32 KiB no connections,
   * or anything else that has a descriptor, can be moved. Default 1 MiB.
   */
  readonly ringBytes?: number;
  /** Threads that can send to it at a time, up to 256. Default 64. */
  readonly senders?: number;
}

/** How a mailbox of this thread is set up. */
export interface MailboxSetup extends MailboxOptions {
  /** The position where its rings begin: for tests of what happens when positions wrap. */
  readonly beginsAt?: number;
}

/** Those that this thread has had. */
const had = threadState('mailboxes', () => ({ mailboxes: 0 }));

/** The taker of what comes. */
export interface RecordHandler {
  /** A record lies in `reader`, valid during the call. */
  onRecord(reader: RingReader): void;
}

/** What a mailbox has taken and given. */
export interface MailboxCounters {
  /** Messages handed to this thread, and written to others' mailboxes by it. */
  received: number;
  sent: number;
  /** Wake-ups of other threads, system calls: for a message, or for room. */
  wakes: number;
}

export class Mailbox implements Inbox, LinkOwner {
  readonly address: MailboxAddress;
  readonly counters: MailboxCounters = { received: 0, sent: 0, wakes: 0 };
  /** What its owner has of queues, for those who look at what there is. */
  queueDepths: () => readonly QueueDepth[] = () => [];
  /** Of messages. */
  readonly reader: RingReader;
  private readonly control: RingReader;
  /** Links from here to others. */
  readonly links = new Set<Link>();
  /** Those whose receivers have gone, and the turns after which that is told at the latest. */
  private readonly departing = new Map<Link, number>();
  private seenWakes: number;
  private seenSent = 0;
  private readonly patience = new Patience();
  private alive = false;
  private closed = false;

  /**
   * @param controlHandler takes what the runtime has to say, before messages and between them.
   * @throws RangeError a size that is not allowed. @throws IoError EALREADY: the reactor has a mailbox already.
   */
  constructor(
    readonly reactor: Reactor,
    private readonly messageHandler: RecordHandler,
    options: MailboxSetup = {},
    private readonly controlHandler: RecordHandler = messageHandler,
  ) {
    const { ringBytes = MAILBOX_BYTES, senders = MAILBOX_SENDERS, beginsAt } = options;
    const ring = createRing(ringBytes, senders, beginsAt);
    const control = createRing(CONTROL_BYTES, senders, beginsAt);
    this.reader = new RingReader(ring);
    this.control = new RingReader(control);
    const { backend } = reactor.driver;
    this.address = { threadId, mailbox: ++had.mailboxes, ring, control, wake: backend.wakeHandle };
    this.seenWakes = backend.counters.wakes;
    reactor.attach(this);
    reactor.enter(false);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * The way to another thread; one for each address.
   *
   * @throws TypeError it is this thread's own, or no address.
   * @throws IoError EBADF: the mailbox is closed; ENOSPC: the other's has no slot left.
   */
  link(address: MailboxAddress): Link {
    if (this.closed) throw wrongState('EBADF', 'link', 'the mailbox is closed');
    if (isSameMailbox(address, this.address)) {
      throw new TypeError(`address: it is this thread's own (thread ${threadId}); allowed: that of another thread`);
    }
    const link = new Link(this, address);
    this.links.add(link);
    return link;
  }

  /** Whether what may come keeps the process alive; at first it does not. */
  keepAlive(keep: boolean): void {
    if (keep === this.alive || this.closed) return;
    this.alive = keep;
    this.reactor.reference(keep ? 1 : -1);
  }

  /** Asks other threads to hold back what can wait, or ceases to. */
  hold(held: boolean): void {
    this.reader.hold(held);
    if (!held) this.wakeWaiting(this.reader);
  }

  /**
   * Tells everybody that a thread has ended, who could not say so itself: those that send to it learn of it, and what
   * it was about to send is skipped. To be called where the end of a worker is known ('exit'), before its descriptors
   * are closed. This mailbox must have links to the thread and to all that it sent to.
   */
  markEnded(threadId: number): void {
    for (const { memory } of this.readers) releaseSenders(memory, threadId, undefined, awaitWakers);
    for (const link of this.links) {
      if (link.address.threadId === threadId) closeRings(link.control.memory, link.messages.memory);
      for (const lane of [link.control, link.messages]) {
        if (releaseSenders(lane.memory, threadId, undefined, awaitWakers) > 0) lane.wake();
      }
    }
    // For our own rings, and our own link to it.
    this.reactor.driver.backend.wake();
  }

  /** Takes no more messages, and lets go of all links. Those that send here learn of it. Twice is allowed. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const link of this.links) link.close();
    closeRings(this.control.memory, this.reader.memory);
    for (const { memory } of this.readers) awaitSenders(memory);
    this.reactor.detach(this);
    this.reactor.leave(this.alive);
  }

  // For links

  onWaiting(by: 1 | -1): void {
    this.reactor.reference(by);
  }

  onLinkClosed(link: Link): void {
    this.links.delete(link);
    this.departing.delete(link);
  }

  // For the reactor

  get depths(): InboxDepths {
    let waiting = 0;
    for (const { control, messages } of this.links) waiting += control.waiting + messages.waiting;
    return { ...this.counters, waiting, queues: this.queueDepths() };
  }

  get hasWork(): boolean {
    if (this.isTakingLeave) return true;
    return this.reader.isReady || this.control.isReady || this.reactor.driver.backend.counters.wakes !== this.seenWakes;
  }

  run(): boolean {
    this.lookAfterLinks();
    const controls = this.drainControl();
    let records = this.drain(RECORDS_PER_TURN);
    const { sent } = this.counters;
    if (records > 0 || sent !== this.seenSent) {
      this.seenSent = sent;
      while (records < RECORDS_PER_TURN && !this.closed && this.patience.lookFor(this.reader)) {
        records += this.drain(RECORDS_PER_TURN - records);
      }
    }
    if (this.isTakingLeave) this.takeLeave();
    return controls + records > 0;
  }

  /** Hands on the messages that there are, and between them what the runtime has to say. @returns how many messages. */
  private drain(limit: number): number {
    const { reader, control } = this;
    const batch = reader.memory.unitCount >> 2;
    let records = 0;
    try {
      while (records < limit && !this.closed && reader.next()) {
        records++;
        this.messageHandler.onRecord(reader);
        // In good time, so that senders need not wait for the end of the turn.
        if (reader.unreleasedUnits >= batch) this.release(reader);
        if (records % MESSAGES_BEFORE_CONTROL === 0 && control.mayBeReady) this.drainControl();
      }
    } finally {
      this.counters.received += records;
      this.release(reader);
    }
    return records;
  }

  /** Hands on what the runtime has to say: all of it, since it is little. @returns how much. */
  private drainControl(): number {
    const { control } = this;
    let records = 0;
    try {
      while (!this.closed && control.next()) {
        records++;
        this.controlHandler.onRecord(control);
      }
    } finally {
      this.counters.received += records;
      this.release(control);
    }
    return records;
  }

  beginSleep(): boolean {
    if (!this.control.beginSleep()) return false;
    if (this.reader.beginSleep()) return true;
    this.control.endSleep();
    return false;
  }

  endSleep(): void {
    this.control.endSleep();
    this.reader.endSleep();
  }

  private get readers(): readonly RingReader[] {
    return [this.control, this.reader];
  }

  /** Gives room back, and tells those who wait for it. */
  private release(reader: RingReader): void {
    reader.release();
    if (reader.takeRoomWanted()) this.wakeWaiting(reader);
  }

  private wakeWaiting(reader: RingReader): void {
    for (let sender = 0; sender < reader.memory.senderCount; sender++) {
      if (!reader.takeWaiting(sender)) continue;
      this.counters.wakes++;
      wakeOwner(reader.memory, sender);
    }
  }

  /** A wake may mean that there is room where we wait for it, or that a receiver has gone. */
  private lookAfterLinks(): void {
    const { wakes } = this.reactor.driver.backend.counters;
    if (wakes === this.seenWakes) return;
    this.seenWakes = wakes;
    for (const link of this.links) {
      if (!link.isGone) link.onWoken();
      else if (!this.departing.has(link)) this.departing.set(link, this.turnsOfAFullRing);
    }
  }

  /** Whether a receiver has gone, and those that sent to it have not been told yet. */
  get isTakingLeave(): boolean {
    return this.departing.size > 0;
  }

  /** What a thread had answered before it ended comes before its end, however much others send meanwhile. */
  private takeLeave(): void {
    for (const [link, turns] of [...this.departing]) {
      if (turns > 0 && !this.closed && this.readers.some(({ isEmpty }) => !isEmpty)) {
        this.departing.set(link, turns - 1);
        continue;
      }
      this.departing.delete(link);
      link.onWoken();
    }
  }

  private get turnsOfAFullRing(): number {
    return Math.ceil(this.reader.memory.unitCount / RECORDS_PER_TURN);
  }
}

/** Closes the rings of a receiver, that of its messages last, and wakes its senders, who then find them closed. */
function closeRings(control: RingMemory, messages: RingMemory): void {
  for (const { words } of [control, messages]) Atomics.store(words, CLOSED, 1);
  for (let sender = 0; sender < messages.senderCount; sender++) {
    if (Atomics.load(messages.words, messages.slot(sender) + OWNER) > 0) wakeOwner(messages, sender);
  }
}
