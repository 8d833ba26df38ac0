/**
 * What of a driver's operations a ring carries: receives that go on until they are told otherwise, and small sends of a
 * turn. The rest goes by readiness, on the same ring.
 */
import process from 'node:process';
import { UringBackend, type RingGuest } from '../../../backends/uring/backend.js';
import type { Backend } from '../../../backends/contract.js';
import { ENOMEM } from '../../../sys/ffi/errno.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { IORING_SETUP_DEFER_TASKRUN } from '../../../sys/uring/abi.js';
import { CARRIED_SEND_BYTES } from '../../limits.js';
import type { BufferList } from '../../memory/buffer-list.js';
import { SendBuffer } from '../../memory/send-buffer.js';
import type { Slab } from '../../memory/slab.js';
import type { CarriableReceive, CarriableSend } from '../../operations/carriable.js';
import type { Descriptor, Operation } from '../../operations/operation.js';
import type { AskedInterest } from '../asked-interest.js';
import type { DriverTotals, SendCarrier } from '../driver.js';
import type { FinishedOperations } from '../finished-operations.js';
import { CarriedReceives } from './carried-receives.js';
import { CarriedSends } from './carried-sends.js';
import { ProvidedBuffers } from './provided-buffers.js';
import { fdOf, isReceive } from './submission-names.js';

/** What a carrier needs of its driver. */
export interface CarrierParts {
  readonly counters: DriverTotals;
  readonly finished: FinishedOperations;
  readonly asked: AskedInterest;
  /** Puts an operation at the end of its queue. */
  enqueue(descriptor: Descriptor, operation: Operation): void;
}

export class RingCarrier implements RingGuest, SendCarrier {
  /** What is sent within a turn is submitted before it ends; outside of one nobody knows when the next comes. */
  private isInTurn = false;
  private isLost = false;
  private isBehind = false;
  private readonly buffers: ProvidedBuffers;
  private readonly receives: CarriedReceives;
  private readonly sends: CarriedSends;
  /** Memory for bytes that are their owner's again after the call. */
  private readonly sendBuffer: SendBuffer;
  /** The process ends within the turn. */
  private readonly onExit = () => this.endTurn();

  /** @throws IoError as `ProvidedBuffers`. */
  constructor(
    private readonly backend: UringBackend,
    private readonly slab: Slab,
    private readonly parts: CarrierParts,
  ) {
    this.buffers = new ProvidedBuffers(backend.ring.fd, slab);
    this.sendBuffer = new SendBuffer(slab);
    this.receives = new CarriedReceives(backend, this.buffers, slab, parts.counters, parts.finished);
    this.sends = new CarriedSends(backend, parts.asked);
    backend.guest = this;
    process.on('exit', this.onExit);
  }

  get hasNews(): boolean {
    return this.receives.hasNews || this.sends.hasNews;
  }

  /** Takes an operation that was started, and waits in its queue alone. @returns false: it goes by readiness. */
  take(descriptor: Descriptor, operation: Operation): boolean {
    if (!operation.isCarriable || !this.carries(descriptor)) return false;
    this.receives.start(descriptor, operation as CarriableReceive);
    return true;
  }

  mayPostpone(descriptor: Descriptor): boolean {
    return this.isInTurn && this.carries(descriptor) && !this.slab.isScarce;
  }

  postpone(descriptor: Descriptor, send: CarriableSend, part: Uint8Array | BufferList): boolean {
    if (send.queue.length + part.length > CARRIED_SEND_BYTES) return false;
    if (send.carrier === undefined) {
      if (send.isWaiting || descriptor.writes !== undefined || send.queue.length > 0) return false;
      this.parts.enqueue(descriptor, send);
      this.sends.start(descriptor, send);
    }
    this.sendBuffer.append(send.queue, part);
    return true;
  }

  hasten(send: CarriableSend): void {
    const { descriptor } = send;
    if (descriptor === undefined || !this.sends.isPending(send)) return;
    send.carrier!.recall();
    this.parts.asked.askOn(descriptor);
  }

  /** What is carried of a descriptor goes on by readiness, where the backend knows the descriptor. */
  recallAll(descriptor: Descriptor): void {
    for (const operation of [descriptor.reads, descriptor.writes]) operation?.carrier?.recall();
    this.parts.asked.askOn(descriptor);
  }

  /** Before a wait. */
  flush(): void {
    if (this.isLost) return;
    this.sends.flush();
    this.receives.flush();
  }

  beginTurn(): void {
    this.isInTurn = true;
  }

  endTurn(): void {
    this.isInTurn = false;
    if (!this.sends.hasPending || this.isLost) return;
    this.sends.flush();
    this.backend.submit();
  }

  /** What has been sent, and what was received before the last turn moved enough. */
  dispatchOld(enough: number): void {
    if (this.sends.hasNews) this.sends.dispatch();
    if (this.isBehind) this.dispatch(enough);
  }

  dispatch(enough: number): void {
    // Also where a callback throws.
    this.isBehind = true;
    this.receives.dispatch(enough);
    this.isBehind = this.receives.hasNews;
  }

  onCompletion(index: number): void {
    const { ring } = this.backend;
    const low = ring.low(index);
    const high = ring.high(index);
    const result = ring.result(index);
    if (isReceive(low)) {
      this.receives.onCompletion(fdOf(low), high, result, ring.buffer(index), ring.hasMore(index));
    } else {
      this.sends.onCompletion(fdOf(low), high, result);
    }
  }

  onLost(): void {
    this.isLost = true;
    this.receives.onLost(ENOMEM);
    this.sends.onLost(ENOMEM);
  }

  /** The backend is closed. */
  close(): void {
    this.backend.guest = undefined;
    process.off('exit', this.onExit);
    this.buffers.close();
    this.sendBuffer.release();
  }

  /** Sockets that nothing outside knows: of another a submission would hold the file when its number is closed. */
  private carries({ origin }: Descriptor): boolean {
    return origin === 'own' && !this.isLost;
  }
}

/**
 * A carrier for a backend that has a ring.
 *
 * The kernel reads and writes memory of this process only within calls of this thread where it defers the work
 * (DEFER_TASKRUN): so a thread may be terminated at any moment. Without that nothing is carried.
 *
 * @returns undefined: there is no ring, or a kernel that can't.
 */
export function openCarrier(backend: Backend, slab: Slab, parts: CarrierParts): RingCarrier | undefined {
  if (!(backend instanceof UringBackend)) return undefined;
  if ((backend.ring.setup.flags & IORING_SETUP_DEFER_TASKRUN) === 0) return undefined;
  try {
    return new RingCarrier(backend, slab, parts);
  } catch (error) {
    if (error instanceof IoError) return undefined;
    throw error;
  }
}
