/**
 * Two connections joined by buffers, of which one has TLS at least: a flow each way, as a tunnel has a relay each way.
 */
import { clearTimeout, setTimeout } from '../../../base/runtime-functions.js';
import { SendProgress } from '../../../core/operations/send-progress.js';
import { Allowance } from '../../../core/transfers/allowance.js';
import { Pace } from '../../../core/transfers/pace.js';
import {
  TunnelAccount,
  type DirectionLimits,
  type TunnelDirection,
  type TunnelOptions,
} from '../../../core/transfers/relay/tunnel.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import type { TransferEngine } from '../transfer.js';
import { Flow, type FlowEnd } from './flow.js';
import type { BufferedPort } from './port.js';

type Wait = 'idle' | 'half-closed';

/** What is to be joined. */
export interface BufferedJoinPlan {
  readonly a: BufferedPort;
  readonly b: BufferedPort;
  readonly tunnel: TunnelOptions;
}

export class BufferedJoin implements TransferEngine<TunnelAccount, BufferedJoinPlan> {
  readonly account = new TunnelAccount();
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};

  /** From `start` on. */
  private a!: BufferedPort;
  private b!: BufferedPort;
  private readonly flows = new Map<TunnelDirection, Flow>();
  private readonly delaysMs = { idle: 0, 'half-closed': 0 };
  private readonly timers = new Map<Wait, NodeJS.Timeout>();
  private readonly progress = { a: new SendProgress(), b: new SendProgress() };
  private failure: Error | undefined = undefined;
  private isPaused = false;

  start({ a, b, tunnel: { idleTimeoutMs, halfCloseTimeoutMs, aToB, bToA, onBytes } }: BufferedJoinPlan): void {
    this.a = a;
    this.b = b;
    Object.assign(this.delaysMs, { idle: idleTimeoutMs, 'half-closed': halfCloseTimeoutMs });
    const there = this.flow('aToB', aToB, onBytes);
    const back = this.flow('bToA', bToA, onBytes);
    there.begin();
    try {
      back.begin();
    } catch (error) {
      there.cancel();
      throw error;
    }
    this.arm();
  }

  pause(): void {
    this.isPaused = true;
    this.disarm();
    for (const flow of this.flows.values()) flow.pause();
  }

  resume(): void {
    this.isPaused = false;
    for (const flow of this.flows.values()) flow.resume();
    this.arm();
  }

  paceChanged(): void {
    for (const flow of this.flows.values()) flow.paceChanged();
  }

  cancel(reason: Error): void {
    this.settle(reason);
  }

  private flow(direction: TunnelDirection, limits: DirectionLimits, onBytes: TunnelOptions['onBytes']): Flow {
    const { a, b, pace } = this;
    const account = this.account[direction];
    account.fallback = a.why ?? b.why;
    const [from, to] = direction === 'aToB' ? [a.source('a'), b.sink('b')] : [b.source('b'), a.sink('a')];
    const allowance = new Allowance(limits.maxBytes, [new Pace(limits.bytesPerSecond), pace]);
    const moved = (lengthBytes: number): void => {
      for (const timer of this.timers.values()) timer.refresh();
      onBytes?.(direction, lengthBytes);
    };
    const flow = new Flow({ source: from, sink: to, allowance, account, moved });
    flow.ended = end => this.onFlowEnd(direction, end);
    this.flows.set(direction, flow);
    return flow;
  }

  private onFlowEnd(direction: TunnelDirection, { failure, brokenEnd, hasEnded }: FlowEnd): void {
    if (failure !== undefined) {
      this.account.brokenEnd = (brokenEnd === 'source') === (direction === 'aToB') ? 'a' : 'b';
      return this.breakBoth(failure);
    }
    if (hasEnded) (direction === 'aToB' ? this.b : this.a).end();
    if ([...this.flows.values()].every(flow => flow.isOver)) this.settle(undefined);
    else this.arm();
  }

  private breakBoth(failure: Error): void {
    if (this.failure !== undefined) return;
    this.failure = failure;
    for (const flow of this.flows.values()) flow.cancel();
    this.a.reset(failure);
    this.b.reset(failure);
    this.settle(failure);
  }

  private settle(failure: Error | undefined): void {
    this.disarm();
    for (const flow of this.flows.values()) flow.cancel();
    this.onSettled(failure);
  }

  private arm(): void {
    if (this.isPaused) return;
    this.armOne('idle');
    if ([...this.flows.values()].some(flow => flow.isOver)) this.armOne('half-closed');
  }

  private armOne(wait: Wait): void {
    const delayMs = this.delaysMs[wait];
    if (delayMs === 0 || this.timers.has(wait)) return;
    this.timers.set(wait, setTimeout(() => this.onTimer(wait), delayMs).unref());
  }

  private onTimer(wait: Wait): void {
    this.timers.delete(wait);
    // A peer that takes what the kernel has for it is slow, and not silent.
    const { a, b, account, progress } = this;
    const moved = [this.hasTaken(a, progress.a, account.bToA), this.hasTaken(b, progress.b, account.aToB)];
    if (moved.includes(true)) return this.arm();
    const what = wait === 'idle' ? 'no byte either way' : 'one direction is over, and no byte the other way';
    this.breakBoth(new IoError('ETIMEDOUT', 'join', wait, `${what} for ${this.delaysMs[wait]} ms`));
  }

  private hasTaken(
    { isClosed, ownFd }: BufferedPort,
    progress: SendProgress,
    { bytesOut }: { bytesOut: number },
  ): boolean {
    return progress.look({ isClosed: isClosed || ownFd < 0, isSocket: true, ownFd }, bytesOut);
  }

  private disarm(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}
