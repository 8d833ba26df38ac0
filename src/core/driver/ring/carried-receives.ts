/**
 * Receives that a ring carries: one submission receives again and again, until the stream ends or it is recalled. What
 * comes is collected as completions are read, and handed on in the turn.
 */
import type { UringBackend } from '../../../backends/uring/backend.js';
import { EAGAIN, ECANCELED, EINTR, EIO, ENOBUFS } from '../../../sys/ffi/errno.js';
import { prepareReceive } from '../../../sys/uring/stream-operations.js';
import { LENT_LISTS } from '../../limits.js';
import { BufferList } from '../../memory/buffer-list.js';
import type { Lease, Slab } from '../../memory/slab.js';
import type { CarriableReceive } from '../../operations/carriable.js';
import type { Carrier, Descriptor } from '../../operations/operation.js';
import type { DriverTotals } from '../driver.js';
import type { FinishedOperations } from '../finished-operations.js';
import type { ProvidedBuffers } from './provided-buffers.js';
import { CARRIED_CANCELS, RECEIVES_FROM } from './submission-names.js';

/** The next wait submits it. */
const WANTED = 1;
const ARMED = 2;
/** It is not with the kernel. */
const OVER = 3;
type State = typeof WANTED | typeof ARMED | typeof OVER;

const NO_END = -1;

class CarriedReceive implements Carrier {
  fd = -1;
  operation: CarriableReceive | undefined = undefined;
  state: State = OVER;
  /** Of its submission. */
  high = 0;
  /** What came and was not handed on yet. */
  arrived: BufferList | undefined = undefined;
  /** What the stream ended with: 0, or an errno. */
  end = NO_END;
  isListed = false;
  isRecalled = false;

  constructor(private readonly receives: CarriedReceives) {}

  recall(): void {
    this.receives.recall(this);
  }
}

export class CarriedReceives {
  private readonly byFd: (CarriedReceive | undefined)[] = [];
  private readonly free: CarriedReceive[] = [];
  private wanted: CarriedReceive[] = [];
  private listed: CarriedReceive[] = [];
  /** How many of those listed had their turn. */
  private told = 0;
  private sequence = 0;
  /** Receives that are carried. */
  private count = 0;
  /** Lists that collect; users never see one. */
  private readonly lists: BufferList[] = [];
  private readonly lent = Array.from({ length: LENT_LISTS }, () => new BufferList());
  private turn = 0;
  /** The chunks of the list that is lent, and their shares before. */
  private readonly leases: Lease[] = [];
  private readonly shares: number[] = [];
  private readonly noteLease = (lease: Lease) => {
    this.leases.push(lease);
    this.shares.push(lease.shares);
  };

  constructor(
    private readonly backend: UringBackend,
    private readonly buffers: ProvidedBuffers,
    private readonly slab: Slab,
    private readonly counters: DriverTotals,
    private readonly finished: FinishedOperations,
  ) {}

  get hasNews(): boolean {
    return this.told < this.listed.length;
  }

  start({ fd }: Descriptor, operation: CarriableReceive): void {
    const carried = this.free.pop() ?? new CarriedReceive(this);
    carried.fd = fd;
    carried.operation = operation;
    carried.end = NO_END;
    carried.isRecalled = false;
    this.byFd[fd] = carried;
    this.count++;
    operation.carrier = carried;
    this.want(carried);
  }

  /** Before a wait: submits what is to be. */
  flush(): void {
    const { wanted, backend } = this;
    if (this.count > 0) this.buffers.refill();
    if (wanted.length === 0) return;
    let done = 0;
    for (; done < wanted.length && backend.makeRoom(); done++) {
      const carried = wanted[done];
      if (carried.state !== WANTED) continue;
      carried.state = ARMED;
      carried.high = this.sequence = (this.sequence + 1) >>> 0;
      prepareReceive(backend.ring, carried.fd, RECEIVES_FROM + carried.fd, carried.high);
    }
    if (done === wanted.length) wanted.length = 0;
    else wanted.splice(0, done);
  }

  /** @param buffer id of the buffer that has the bytes; -1: none. */
  onCompletion(fd: number, high: number, result: number, buffer: number, hasMore: boolean): void {
    const carried = this.byFd[fd];
    if (carried === undefined || carried.high !== high || carried.state !== ARMED) {
      // Nobody's any more; but the kernel has filled its place.
      if (buffer >= 0 && result > 0) this.drop(buffer, result);
      return;
    }
    if (result > 0) this.buffers.take(buffer, result, (carried.arrived ??= this.lists.pop() ?? new BufferList()));
    if (!hasMore) {
      carried.state = OVER;
      if (result === -ENOBUFS) this.buffers.onEmpty();
      if (result <= 0 && !isPassing(-result)) carried.end = -result;
      else if (!carried.isRecalled) this.want(carried);
    }
    if (!carried.isListed && (carried.arrived !== undefined || carried.end !== NO_END)) {
      carried.isListed = true;
      this.listed.push(carried);
    }
  }

  /** Hands on what has come, until the turn has moved enough. */
  dispatch(enough: number): void {
    const { listed, counters } = this;
    const until = listed.length;
    while (this.told < until && counters.bytesReceived + counters.bytesSent < enough) {
      const carried = listed[this.told++];
      carried.isListed = false;
      if (carried.operation !== undefined) this.handOn(carried, carried.operation);
    }
    if (this.told === listed.length) {
      listed.length = 0;
      this.told = 0;
    }
  }

  recall(carried: CarriedReceive): void {
    const operation = carried.operation!;
    carried.isRecalled = true;
    for (let calls = 0; carried.state === ARMED && calls < CARRIED_CANCELS; calls++) {
      if (!this.backend.cancelOther(RECEIVES_FROM + carried.fd, carried.high)) break;
    }
    const { arrived, end, fd, state } = carried;
    this.letGo(carried, operation);
    // Nobody will know what it receives: the stream must not go on behind that.
    if (state === ARMED) operation.endBy(EIO, fd);
    else if (end !== NO_END) operation.endBy(end, fd);
    if (arrived === undefined) return;
    this.counters.bytesReceived += arrived.length;
    operation.owner.onLeftOver!(arrived);
    arrived.release();
    this.lists.push(arrived);
  }

  /** The ring is another: streams of which bytes may be lost break. */
  onLost(code: number): void {
    for (const carried of this.byFd) {
      if (carried?.operation === undefined) continue;
      carried.state = OVER;
      carried.end = code;
      if (carried.isListed) continue;
      carried.isListed = true;
      this.listed.push(carried);
    }
    this.wanted.length = 0;
  }

  private want(carried: CarriedReceive): void {
    carried.state = WANTED;
    this.wanted.push(carried);
  }

  private handOn(carried: CarriedReceive, operation: CarriableReceive): void {
    const { arrived } = carried;
    if (arrived !== undefined) {
      carried.arrived = undefined;
      const list = this.lent[(this.turn = (this.turn + 1) % LENT_LISTS)].lend();
      list.append(arrived);
      this.lists.push(arrived);
      this.counters.bytesReceived += list.length;
      this.lend(list, operation);
      // Its owner may have stopped it from within, or even closed the descriptor.
      if (carried.operation !== operation) return;
    }
    if (carried.end === NO_END || carried.state !== OVER) return;
    const { end, fd } = carried;
    this.letGo(carried, operation);
    operation.endBy(end, fd);
    this.finished.add(operation);
  }

  /** The list expires; what the user keeps of it counts for the receiver. */
  private lend(list: BufferList, { owner }: CarriableReceive): void {
    const { leases, slab } = this;
    list.visitLeases(this.noteLease);
    try {
      owner.onReceived(list);
    } finally {
      list.expire();
      for (let index = 0; index < leases.length; index++) {
        if (leases[index].shares >= this.shares[index]) slab.keep(leases[index], owner);
      }
      leases.length = 0;
      this.shares.length = 0;
    }
    if (slab.isScarce && !slab.mayReceive(owner)) owner.onStarved();
  }

  private letGo(carried: CarriedReceive, operation: CarriableReceive): void {
    if (this.byFd[carried.fd] === carried) this.byFd[carried.fd] = undefined;
    operation.carrier = undefined;
    carried.operation = undefined;
    carried.arrived = undefined;
    carried.end = NO_END;
    carried.state = OVER;
    this.count--;
    this.free.push(carried);
  }

  private drop(buffer: number, lengthBytes: number): void {
    const list = this.lists.pop() ?? new BufferList();
    this.buffers.take(buffer, lengthBytes, list);
    list.release();
    this.lists.push(list);
  }
}

/** Whether a receive that ended so is submitted again. */
function isPassing(code: number): boolean {
  return code === ENOBUFS || code === ECANCELED || code === EAGAIN || code === EINTR;
}
