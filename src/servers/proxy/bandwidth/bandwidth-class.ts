/**
 * Bytes a second that a group of connections shares: each gets its part of the rate, and the parts follow what each
 * makes of it.
 */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';
import { shareOut } from './share-out.js';

/** A connection with a rate of its own. */
export interface RatedFlow {
  readonly bytesToUpstream: number;
  readonly bytesToClient: number;
  bytesPerSecond: number;
}

interface Member {
  seenBytes: number;
  rate: number;
}

/** How often the parts are thought over. */
export const TICK_MS = 100;
/** A connection that made use of this much of its part wants more. */
const WANTS_MORE = 0.9;
/** Others keep room for twice of what they moved. */
const HEADROOM = 2;
/** Each can begin: no part is less than this much of an equal one. */
const LEAST_PART = 0.05;

export class BandwidthClass {
  private readonly members = new Map<RatedFlow, Member>();
  private timer: NodeJS.Timeout | undefined = undefined;
  private lastMs = 0;
  /** What moved beyond the rate so far, and is to be made up for. */
  private debtBytes = 0;

  /** @param mostEach of one connection; Infinity is no bound. */
  constructor(
    private bytesPerSecond: number,
    private mostEach: number,
  ) {}

  /** From now on: those that share it feel it at the next tick. */
  retune(bytesPerSecond: number, mostEach: number): void {
    this.bytesPerSecond = bytesPerSecond;
    this.mostEach = mostEach;
  }

  /** How many share it now. */
  get size(): number {
    return this.members.size;
  }

  add(flow: RatedFlow): void {
    const isFirst = this.size === 0;
    this.members.set(flow, { seenBytes: bytesOf(flow), rate: 0 });
    if (!isFirst) {
      // An equal part until its demand is known; the others' parts shrink at the next tick, and the debt makes up for
      // it.
      this.give(flow, this.bytesPerSecond / this.size);
      return;
    }
    this.pay(monotonicMs());
    this.give(flow, this.bytesPerSecond);
    this.arm();
  }

  remove(flow: RatedFlow): void {
    const member = this.members.get(flow);
    if (member === undefined) return;
    this.debtBytes += bytesOf(flow) - member.seenBytes;
    this.members.delete(flow);
    if (this.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Looks at what each has moved since the last time, and shares the rate out anew. */
  tick(nowMs: number): void {
    const sinceMs = nowMs - this.lastMs;
    const flows = [...this.members];
    const equal = this.bytesPerSecond / flows.length;
    const demands = flows.map(([flow, member]) => {
      const moved = bytesOf(flow) - member.seenBytes;
      member.seenBytes += moved;
      this.debtBytes += moved;
      const speed = (moved * 1000) / Math.max(1, sinceMs);
      const demand = speed >= WANTS_MORE * member.rate ? Infinity : Math.max(speed * HEADROOM, equal * LEAST_PART);
      return Math.min(demand, this.mostEach);
    });
    this.pay(nowMs);
    // A debt is paid within the next tick, as far as that goes.
    const rate = Math.max(1, this.bytesPerSecond - (this.debtBytes * 1000) / TICK_MS);
    shareOut(rate, demands).forEach((part, index) => this.give(flows[index][0], part));
  }

  private give(flow: RatedFlow, part: number): void {
    const rate = Math.max(1, Math.min(part, this.mostEach));
    const member = this.members.get(flow)!;
    if (member.rate === rate) return;
    member.rate = rate;
    flow.bytesPerSecond = rate;
  }

  /** With what was earned since the last time. */
  private pay(nowMs: number): void {
    this.debtBytes = Math.max(0, this.debtBytes - ((nowMs - this.lastMs) * this.bytesPerSecond) / 1000);
    this.lastMs = nowMs;
  }

  private arm(): void {
    this.timer = setTimeout(() => {
      this.tick(monotonicMs());
      this.arm();
    }, TICK_MS);
  }
}

function bytesOf({ bytesToUpstream, bytesToClient }: RatedFlow): number {
  return bytesToUpstream + bytesToClient;
}
