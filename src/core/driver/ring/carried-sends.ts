/**
 * Sends that a ring carries: one submission a socket at a time, of what is in its queue by then. The next one follows
 * when that has completed, with the rest and with what has joined the queue meanwhile.
 */
import type { UringBackend } from '../../../backends/uring/backend.js';
import { EAGAIN, ECANCELED, EINTR } from '../../../sys/ffi/errno.js';
import { prepareSend, prepareSendMessage } from '../../../sys/uring/stream-operations.js';
import type { CarriableSend } from '../../operations/carriable.js';
import { TOLD, type Carrier, type Descriptor } from '../../operations/operation.js';
import type { AskedInterest } from '../asked-interest.js';
import { takeOut } from '../operation-queue.js';
import { MessageTables, PIECES } from './message-tables.js';
import { CARRIED_CANCELS, SENDS_FROM } from './submission-names.js';

/** The next wait submits it. */
const PENDING = 1;
const UNDER_WAY = 2;
/** Its result is known, and is dealt with in the turn. */
const COMPLETED = 3;
type State = typeof PENDING | typeof UNDER_WAY | typeof COMPLETED;

class CarriedSend implements Carrier {
  descriptor!: Descriptor;
  operation: CarriableSend | undefined = undefined;
  state: State = PENDING;
  /** Of its submission. */
  high = 0;
  /** Bytes sent, or a negative errno. */
  result = 0;

  constructor(private readonly sends: CarriedSends) {}

  recall(): void {
    this.sends.recall(this);
  }
}

export class CarriedSends {
  private readonly byFd: (CarriedSend | undefined)[] = [];
  private readonly free: CarriedSend[] = [];
  private readonly pending: CarriedSend[] = [];
  private readonly completed: CarriedSend[] = [];
  /** How many of those completed had their turn. */
  private told = 0;
  private sequence = 0;
  private readonly tables = new MessageTables();

  constructor(
    private readonly backend: UringBackend,
    private readonly asked: AskedInterest,
  ) {}

  get hasNews(): boolean {
    return this.told < this.completed.length;
  }

  get hasPending(): boolean {
    return this.pending.length > 0;
  }

  start(descriptor: Descriptor, operation: CarriableSend): void {
    const carried = this.free.pop() ?? new CarriedSend(this);
    carried.descriptor = descriptor;
    carried.operation = operation;
    this.byFd[descriptor.fd] = carried;
    operation.carrier = carried;
    this.want(carried);
  }

  /** Whether the kernel was not given it yet. */
  isPending(operation: CarriableSend): boolean {
    return operation.carrier instanceof CarriedSend && operation.carrier.state === PENDING;
  }

  /** Before a wait: submits what is to be. */
  flush(): void {
    const { pending, backend } = this;
    if (pending.length === 0) return;
    let done = 0;
    for (; done < pending.length && backend.makeRoom(); done++) {
      const carried = pending[done];
      if (carried.state === PENDING && carried.operation !== undefined) this.submit(carried, carried.operation);
    }
    if (done === pending.length) pending.length = 0;
    else pending.splice(0, done);
  }

  onCompletion(fd: number, high: number, result: number): void {
    const carried = this.byFd[fd];
    if (carried === undefined || carried.high !== high || carried.state !== UNDER_WAY) return;
    carried.state = COMPLETED;
    carried.result = result;
    this.completed.push(carried);
  }

  /** Goes on with what has completed, and tells owners of what is over. */
  dispatch(): void {
    const { completed } = this;
    const until = completed.length;
    while (this.told < until) {
      const carried = completed[this.told++];
      if (carried.operation !== undefined && carried.state === COMPLETED) this.goOn(carried, carried.operation);
    }
    if (this.told === completed.length) {
      completed.length = 0;
      this.told = 0;
    }
  }

  recall(carried: CarriedSend): void {
    const operation = carried.operation!;
    const { fd } = carried.descriptor;
    for (let calls = 0; carried.state === UNDER_WAY && calls < CARRIED_CANCELS; calls++) {
      if (!this.backend.cancelOther(SENDS_FROM + fd, carried.high)) break;
    }
    const { state, result } = carried;
    this.letGo(carried, operation);
    if (state === PENDING) operation.tryOnce(fd);
    else if (state === COMPLETED && result > 0) operation.sent(result);
    // Nobody knows what has gone: nothing may follow.
    else if (state === UNDER_WAY) operation.queue.release();
  }

  /** The ring is another: streams of which nobody knows what was sent break. */
  onLost(code: number): void {
    for (const carried of this.byFd) {
      if (carried?.operation === undefined || carried.state === COMPLETED) continue;
      carried.state = COMPLETED;
      carried.result = -code;
      this.completed.push(carried);
    }
    this.pending.length = 0;
  }

  private want(carried: CarriedSend): void {
    carried.state = PENDING;
    this.pending.push(carried);
  }

  private submit(carried: CarriedSend, { queue }: CarriableSend): void {
    const { ring } = this.backend;
    const { fd } = carried.descriptor;
    carried.high = this.sequence = (this.sequence + 1) >>> 0;
    carried.state = UNDER_WAY;
    const low = SENDS_FROM + fd;
    const pieces = queue.segmentCount === 1 ? 1 : queue.leasedRanges(PIECES);
    const table = pieces === 1 ? undefined : this.table();
    if (table === undefined) {
      prepareSend(ring, fd, queue.firstAddress, queue.firstLength, low, carried.high);
      return;
    }
    queue.fillIovecs(table.iovecs);
    table.header.setCount(Math.min(table.iovecs.count, pieces));
    prepareSendMessage(ring, fd, table.header.address, low, carried.high);
  }

  private table() {
    const { tables, backend } = this;
    if (backend.ring.prepared === 0) tables.reuse();
    const table = tables.take();
    if (table !== undefined) return table;
    backend.submit();
    if (backend.ring.prepared > 0) return undefined;
    tables.reuse();
    return tables.take();
  }

  private goOn(carried: CarriedSend, operation: CarriableSend): void {
    const { result, descriptor } = carried;
    if (result >= 0) {
      operation.sent(result);
      operation.owner.onSendProgress();
      // Its owner may have dropped all from within, or closed the descriptor.
      if (carried.operation !== operation) return;
    } else if (!isPassing(-result)) {
      this.letGo(carried, operation);
      operation.breakBy(-result, descriptor.fd);
      return this.tell(operation);
    }
    if (operation.queue.length === 0) {
      this.letGo(carried, operation);
      return this.tell(operation);
    }
    if (operation.queue.leasedRanges(1) === 1) return this.want(carried);
    // What follows is memory that may be its user's: it goes by calls.
    this.letGo(carried, operation);
    this.asked.askOn(descriptor);
  }

  private tell(operation: CarriableSend): void {
    takeOut(operation);
    operation.state = TOLD;
    operation.complete();
  }

  private letGo(carried: CarriedSend, operation: CarriableSend): void {
    const { fd } = carried.descriptor;
    if (this.byFd[fd] === carried) this.byFd[fd] = undefined;
    operation.carrier = undefined;
    carried.operation = undefined;
    this.free.push(carried);
  }
}

/** Whether a send that ended so is submitted again. */
function isPassing(code: number): boolean {
  return code === ECANCELED || code === EAGAIN || code === EINTR;
}
