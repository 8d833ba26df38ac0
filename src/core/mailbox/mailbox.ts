/**
 * A thread's mailbox: a ring that every other thread may write to, and the wake handle of the backend in which this
 * thread waits. It is a step of the reactor's turn; while the thread is awake, nothing but memory is touched.
 */
import { threadId } from 'node:worker_threads';
import { CLOSED, createRing, OWNER, type RingMemory } from '../../base/ring/layout.js';
import { RingReader } from '../../base/ring/reader.js';
import { releaseSenders } from '../../base/ring/senders.js';
import type { Inbox } from '../inbox.js';
import { MAILBOX_BYTES, MAILBOX_SENDERS, RECORDS_PER_TURN } from '../limits.js';
import type { Reactor } from '../reactor.js';
import { isSameMailbox, type MailboxAddress } from './address.js';
import { Link, type LinkOwner } from './link.js';
import { Patience } from './patience.js';
import { awaitSenders, wakeOwner } from './waking.js';

export interface MailboxOptions {
  /**
   * Room for messages: a power of two. A message may take half of it. To a thread with less than 32 KiB no connections, or
   * anything else that has a descriptor, can be moved. Default 1 MiB.
   */
  readonly ringBytes?: number;
  /** Threads that can send to it at a time, up to 256. Default 64. */
  readonly senders?: number;
}

/** Those that this thread has had. */
let mailboxes = 0;

/** Who takes what comes. */
export interface Recipient {
  /** A record lies in `reader`, valid during the call. */
  onRecord(reader: RingReader): void;
}

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
  readonly reader: RingReader;
  /** Links from here to others. */
  readonly links = new Set<Link>();
  private seenWakes: number;
  private seenSent = 0;
  private readonly patience = new Patience();
  private alive = false;
  private closed = false;

  /** @throws RangeError a size that is not allowed. @throws Error the reactor has a mailbox already. */
  constructor(
    readonly reactor: Reactor,
    private readonly recipient: Recipient,
    options: MailboxOptions = {},
  ) {
    const { ringBytes = MAILBOX_BYTES, senders = MAILBOX_SENDERS } = options;
    const ring = createRing(ringBytes, senders);
    this.reader = new RingReader(ring);
    const { backend } = reactor.driver;
    this.address = { threadId, mailbox: ++mailboxes, ring, wake: backend.wakeHandle };
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
   * @throws Error the mailbox is closed, or the other's has no slot left.
   */
  link(address: MailboxAddress): Link {
    if (this.closed) throw new Error('link: the mailbox is closed');
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
    if (!held) this.wakeWaiting();
  }

  /**
   * Tells everybody that a thread has ended, who could not say so itself: those that send to it learn of it, and what it
   * was about to send is skipped. To be called where the end of a worker is known ('exit'), before its descriptors are
   * closed. This mailbox must have links to the thread and to all that it sent to.
   */
  bury(threadId: number): void {
    releaseSenders(this.reader.memory, threadId);
    for (const link of this.links) {
      if (link.address.threadId === threadId) closeRing(link.memory);
      else if (releaseSenders(link.memory, threadId) > 0) link.wake();
    }
    // For our own ring, and our own link to it.
    this.reactor.driver.backend.wake();
  }

  /** Takes no more messages, and lets go of all links. Those that send here learn of it. Twice is allowed. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const link of this.links) link.close();
    closeRing(this.reader.memory);
    awaitSenders(this.reader.memory);
    this.reactor.detach(this);
    this.reactor.leave(this.alive);
  }

  // For links

  onWaiting(by: 1 | -1): void {
    this.reactor.reference(by);
  }

  onLinkClosed(link: Link): void {
    this.links.delete(link);
  }

  // For the reactor

  get hasWork(): boolean {
    return this.reader.isReady || this.reactor.driver.backend.counters.wakes !== this.seenWakes;
  }

  run(): boolean {
    this.lookAfterLinks();
    let records = this.drain(RECORDS_PER_TURN);
    const { sent } = this.counters;
    if (records > 0 || sent !== this.seenSent) {
      this.seenSent = sent;
      while (records < RECORDS_PER_TURN && !this.closed && this.patience.lookFor(this.reader)) {
        records += this.drain(RECORDS_PER_TURN - records);
      }
    }
    return records > 0;
  }

  /** Hands on what there is. @returns how many records. */
  private drain(limit: number): number {
    const { reader } = this;
    const batch = reader.memory.unitCount >> 2;
    let records = 0;
    try {
      while (records < limit && reader.next()) {
        records++;
        this.recipient.onRecord(reader);
        // In good time, so that senders need not wait for the end of the turn.
        if (reader.unreleasedUnits >= batch) this.release();
        if (this.closed) break;
      }
    } finally {
      this.counters.received += records;
      this.release();
    }
    return records;
  }

  beginSleep(): boolean {
    return this.reader.beginSleep();
  }

  endSleep(): void {
    this.reader.endSleep();
  }

  /** Gives room back, and tells those who wait for it. */
  private release(): void {
    const { reader } = this;
    reader.release();
    if (reader.takeRoomWanted()) this.wakeWaiting();
  }

  private wakeWaiting(): void {
    const { reader } = this;
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
    for (const link of this.links) link.onWoken();
  }
}

/** Closes the ring of a receiver and wakes its senders, who then find it closed. */
function closeRing(memory: RingMemory): void {
  Atomics.store(memory.words, CLOSED, 1);
  for (let sender = 0; sender < memory.senderCount; sender++) {
    if (Atomics.load(memory.words, memory.slot(sender) + OWNER) !== 0) wakeOwner(memory, sender);
  }
}
