/**
 * The accepting of a listener: when it may, when it rests since no descriptor is left, and how the backlog is emptied.
 */
import { ACCEPTS_PER_TURN, EMFILE_REST_MS, LAST_ACCEPTS_MS } from '../../core/limits.js';
import { Accept, isExhaustion, type AcceptOwner } from '../../core/operations/accept.js';
import { AGAIN, type Descriptor, type Outcome } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';
import type { IoError } from '../../sys/ffi/io-error.js';
import { closeGate, isUnixGateClosed, liftFilter } from '../../sys/socket/listener-gate.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import { listen as listenOn } from '../../sys/socket/socket.js';
import { throwLater } from '../throw-later.js';
import type { Handover } from './handover.js';
import { SpareDescriptor } from './spare-descriptor.js';

/** What a timer is for. */
const REST = 0;
const LAST_ACCEPTS = 1;

/** How often a listener accepted, and how often it could not. */
export interface ListenerCounters {
  accepted: number;
  /** Times that no descriptor or memory was left for a connection. */
  exhausted: number;
  /** Connections that were closed at once, since there was no descriptor for them even after a rest. */
  shed: number;
}

/** The listener, as its accepting sees it. */
export interface AcceptingOwner {
  readonly reactor: Reactor;
  readonly descriptor: Descriptor;
  readonly isClosed: boolean;
  readonly address: Address;
  /** Whether other processes may have the socket too. */
  readonly isGiven: boolean;
  readonly handover: Handover;
  onDescriptor(fd: number): void;
  report(failure: IoError): void;
  /** Nothing more is accepted. */
  end(failure: Error | undefined): void;
}

export class Accepting implements AcceptOwner, TimerOwner {
  readonly counters: ListenerCounters = { accepted: 0, exhausted: 0, shed: 0 };

  private readonly accept = new Accept(this);
  private readonly spare = new SpareDescriptor();
  private restTimer: Timer = NO_TIMER;
  /** Nobody new is let in, and this is how long those still come that were. */
  private drainTimer: Timer = NO_TIMER;
  /** The last attempt to accept ended for want of descriptors. */
  private wasExhausted = false;

  constructor(private readonly listener: AcceptingOwner) {}

  get reactor(): Reactor {
    return this.listener.reactor;
  }

  get isDraining(): boolean {
    return this.drainTimer !== NO_TIMER;
  }

  /** Accepts if connections are wanted now. */
  update(): void {
    const { reactor, descriptor, isClosed, handover } = this.listener;
    const wanted = !isClosed && this.restTimer === NO_TIMER && handover.wantsConnections;
    if (!wanted) reactor.driver.cancel(this.accept);
    else if (this.accept.descriptor === undefined) reactor.driver.start(descriptor, this.accept);
  }

  /** Lets nobody new in, and hands on those who wait. @returns whether some may still come; then `end` follows. */
  drain(): boolean {
    const { reactor, descriptor, address, isGiven } = this.listener;
    reactor.driver.cancel(this.accept);
    if (isGiven) {
      this.takeBacklog();
      return false;
    }
    const gate = closeGate(descriptor.fd, address.family === 'unix');
    // Of a backlog of 0, the kernel lets later ones try again until nobody listens.
    if (gate === 'open') listenOn(descriptor.fd, 0);
    else if (gate === 'closing') this.drainTimer = reactor.arm(this, LAST_ACCEPTS, LAST_ACCEPTS_MS);
    this.takeBacklog();
    if (gate === 'closing') this.update();
    return gate === 'closing';
  }

  /** The listener is closed or taken out. */
  stopTimers(): void {
    const { reactor } = this.listener;
    reactor.disarm(this.restTimer);
    reactor.disarm(this.drainTimer);
  }

  /** After the listener's descriptor, so that a shared limit is left as it was found. */
  closeSpare(): void {
    this.spare.close();
  }

  // For the driver and the reactor

  onAccepted(fd: number): void {
    this.wasExhausted = false;
    if (this.isDraining) liftFilter(fd);
    this.listener.onDescriptor(fd);
  }

  onExhausted(error: IoError): void {
    const { reactor, descriptor } = this.listener;
    this.counters.exhausted++;
    // One rest may help: descriptors get closed. If it did not, those who wait are told instead of left hanging.
    if (this.wasExhausted && isExhaustion(error)) {
      this.counters.shed += this.spare.shed(descriptor.fd, ACCEPTS_PER_TURN);
    }
    this.wasExhausted = true;
    reactor.driver.cancel(this.accept);
    this.restTimer = reactor.arm(this, REST, EMFILE_REST_MS);
    this.listener.report(error);
  }

  onAcceptEnd(failure: Error): void {
    const { isClosed, address, descriptor } = this.listener;
    // Of a Unix socket that threads share and one drains, the others are told over and over that it was shut down.
    const isDrained = !isClosed && address.family === 'unix' && isUnixGateClosed(descriptor.fd);
    this.listener.end(isDrained ? undefined : failure);
  }

  /** The rest is over, or the listener is drained. */
  onTimer(tag: number): void {
    if (tag === LAST_ACCEPTS) {
      this.reactor.driver.cancel(this.accept);
      this.takeBacklog();
      this.listener.end(undefined);
      return;
    }
    this.restTimer = NO_TIMER;
    this.spare.renew();
    this.update();
  }

  /** Hands on all that wait in the backlog, though the handler throws for one of them. */
  private takeBacklog(): void {
    const { listener } = this;
    let outcome: Outcome = AGAIN;
    while (outcome === AGAIN && !listener.isClosed && this.restTimer === NO_TIMER && listener.handover.hasTaker) {
      try {
        outcome = this.accept.attempt(listener.descriptor.fd);
      } catch (error) {
        throwLater(this.reactor, error);
      }
    }
  }
}
