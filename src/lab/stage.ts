/**
 * The descriptors that a program plays with, and what poll(2) says of them: the ground truth that the oracle goes by,
 * asked of the kernel by another way than the backend's.
 */
import { READABLE, WRITABLE, type Readiness } from '../backends/contract.js';
import type { World } from '../conformance/world.js';
import { ECONNRESET, EPIPE } from '../sys/errno.js';
import { IoError } from '../sys/io-error.js';
import type { ChannelKind } from './program.js';

const CLOSED = -1;

export class Stage {
  private readonly ends: number[] = [];
  private readonly dups: number[];
  /** By channel: how often something was done to it. A kernel's edge needs such a cause. */
  private readonly activity: number[];

  constructor(
    readonly channels: readonly ChannelKind[],
    private readonly world: World,
  ) {
    this.dups = Array<number>(2 * channels.length).fill(CLOSED);
    this.activity = Array<number>(channels.length).fill(0);
    for (const kind of channels) this.ends.push(...open(kind, world));
  }

  get endCount(): number {
    return this.ends.length;
  }

  /** The descriptor of an end, or -1 where it is closed. */
  fd(end: number): number {
    return this.ends[end];
  }

  kind(end: number): ChannelKind {
    return this.channels[end >> 1];
  }

  activityOf(end: number): number {
    return this.activity[end >> 1];
  }

  hasDup(end: number): boolean {
    return this.dups[end] !== CLOSED;
  }

  /** What holds at an end right now, READABLE and WRITABLE as they would be reported to one who asks for both. */
  holds(end: number): Readiness {
    return this.world.holds(this.ends[end]);
  }

  write(end: number, lengthBytes: number): void {
    if (this.canWrite(end)) this.act(end, fd => this.world.write(fd, lengthBytes));
  }

  read(end: number, lengthBytes: number): void {
    if (this.canRead(end)) this.act(end, fd => this.world.read(fd, lengthBytes));
  }

  /** Reads until it would block. @returns whether it would block now: false at an end or an error. */
  drain(end: number): boolean {
    if (!this.canRead(end)) return false;
    this.act(end, fd => this.world.drain(fd));
    return (this.holds(end) & READABLE) === 0;
  }

  /** Writes until it would block. TCP is left out: its room comes back when the other side's kernel likes. */
  fill(end: number): boolean {
    if (!this.canWrite(end) || this.kind(end) === 'tcp') return false;
    this.act(end, fd => this.world.fill(fd));
    return (this.holds(end) & WRITABLE) === 0;
  }

  halfClose(end: number): void {
    if (this.kind(end) !== 'pipe') this.act(end, fd => this.world.endWriting(fd));
  }

  dup(end: number): void {
    if (this.ends[end] !== CLOSED && !this.hasDup(end)) this.dups[end] = this.world.dup(this.ends[end]);
  }

  closeDup(end: number): void {
    if (!this.hasDup(end)) return;
    this.activity[end >> 1]++;
    this.world.close(this.dups[end]);
    this.dups[end] = CLOSED;
  }

  close(end: number): void {
    this.act(end, fd => this.world.close(fd));
    this.ends[end] = CLOSED;
  }

  reset(end: number): void {
    this.act(end, fd => (this.kind(end) === 'tcp' ? this.world.reset(fd) : this.world.close(fd)));
    this.ends[end] = CLOSED;
  }

  /** Closes what is left of a channel and opens it again. */
  reopen(channel: number): void {
    this.closeChannel(channel);
    [this.ends[2 * channel], this.ends[2 * channel + 1]] = open(this.channels[channel], this.world);
  }

  closeAll(): void {
    for (let channel = 0; channel < this.channels.length; channel++) this.closeChannel(channel);
  }

  private closeChannel(channel: number): void {
    for (const end of [2 * channel, 2 * channel + 1]) {
      this.close(end);
      this.closeDup(end);
    }
  }

  private canRead(end: number): boolean {
    return this.kind(end) !== 'pipe' || end % 2 === 0;
  }

  private canWrite(end: number): boolean {
    return this.kind(end) !== 'pipe' || end % 2 === 1;
  }

  /** A peer that is gone is part of the play. */
  private act(end: number, call: (fd: number) => unknown): void {
    if (this.ends[end] === CLOSED) return;
    this.activity[end >> 1]++;
    try {
      call(this.ends[end]);
    } catch (error) {
      if (!(error instanceof IoError && (error.errno === EPIPE || error.errno === ECONNRESET))) throw error;
    }
  }
}

function open(kind: ChannelKind, world: World): [number, number] {
  if (kind === 'pipe') return world.pipe();
  return kind === 'unix' ? world.socketPair() : world.tcpPair();
}
