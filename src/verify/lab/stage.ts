/**
 * The descriptors that a program plays with, and what poll(2) says of them: the ground truth that the oracle goes by,
 * asked of the kernel by another way than the backend's.
 */
import { READABLE, WRITABLE, type Readiness } from '../../backends/contract.js';
import { isPeerGone } from '../conformance/loads/load.js';
import type { Load, World } from '../conformance/world.js';
import type { InternetAddress } from '../../sys/socket/sockaddr.js';
import type { ChannelKind } from './program.js';

const CLOSED = -1;

export class Stage {
  private readonly ends: number[] = [];
  private readonly dups: number[];
  /** By channel: how often something was done to it. A kernel's edge needs such a cause. */
  private readonly activity: number[];
  /** Ends that have ended their writing. */
  private readonly ended = new Set<number>();
  /** By channel, where it has a listener. */
  private readonly addresses: InternetAddress[] = [];
  /** What another thread may be writing meanwhile. */
  private load: Load | undefined;

  constructor(
    readonly channels: readonly ChannelKind[],
    private readonly world: World,
  ) {
    this.dups = Array<number>(2 * channels.length).fill(CLOSED);
    this.activity = Array<number>(channels.length).fill(0);
    channels.forEach((_kind, channel) => this.ends.push(...this.open(channel)));
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

  /** Whether things happen there that no step has done: segments and acknowledgements arrive when they like. */
  isNetwork(end: number): boolean {
    return this.kind(end) === 'tcp' || this.kind(end) === 'listener';
  }

  /** Whether things happen there that no step has done, within a wait and between two. */
  hasHiddenCauses(end: number): boolean {
    return this.load !== undefined || this.isNetwork(end);
  }

  /**
   * Whether room and errors may come and go there within one wait: acknowledgements bring room back, and the writes
   * of a load take it, and an error with it.
   */
  isUnsteady(end: number): boolean {
    return this.load !== undefined && this.isNetwork(end);
  }

  activityOf(end: number): number {
    return this.activity[end >> 1];
  }

  hasDup(end: number): boolean {
    return this.dups[end] !== CLOSED;
  }

  /** What holds at an end right now, READABLE and WRITABLE as they would be reported to one who asks for both. */
  holds(end: number): Readiness {
    return this.world.holds(this.ends[end], this.mayHaveEnded(end));
  }

  /** What poll(2) can't tell the steps tell: whether the peer may have ended, or have broken the stream. */
  mayHaveEnded(end: number): boolean {
    const peer = end ^ 1;
    return this.kind(end) === 'listener' || this.ends[peer] === CLOSED || this.ended.has(peer);
  }

  /** Whether the socket has this error, which is taken by asking. */
  hasError(end: number, errno: number): boolean {
    return errno !== 0 && this.kind(end) !== 'pipe' && this.world.takeError(this.ends[end]) === errno;
  }

  write(end: number, lengthBytes: number): void {
    if (this.canWrite(end)) this.act(end, fd => this.world.write(fd, lengthBytes));
  }

  read(end: number, lengthBytes: number): void {
    if (this.canRead(end)) this.act(end, fd => this.world.read(fd, lengthBytes));
  }

  /** Reads until it would block. @returns whether it would block now: false at an end or an error. */
  drain(end: number): boolean {
    if (this.isListener(end)) this.act(end, () => this.acceptAll(end));
    else if (this.canRead(end)) this.act(end, fd => this.world.drain(fd));
    else return false;
    return (this.holds(end) & READABLE) === 0;
  }

  /** Writes until it would block. On TCP room may be back by the time that this returns. */
  fill(end: number): boolean {
    if (!this.canWrite(end)) return false;
    this.act(end, fd => this.world.fill(fd));
    return (this.holds(end) & WRITABLE) === 0;
  }

  halfClose(end: number): void {
    this.joinLoad();
    if (this.kind(end) === 'pipe' || this.isListener(end) || this.ends[end] === CLOSED) return;
    this.act(end, fd => this.world.endWriting(fd));
    this.ended.add(end);
  }

  burst(lengthBytes: number): void {
    for (let end = 0; end < this.endCount; end++) this.write(end, lengthBytes);
  }

  /** Has every end that can be written to written to, by another thread, until `joinLoad`. */
  startLoad(lengthBytes: number): void {
    this.joinLoad();
    this.noteActivityEverywhere();
    const fds = this.ends.filter((fd, end) => fd !== CLOSED && this.canWrite(end));
    this.load = this.world.startLoad(fds, lengthBytes);
  }

  /** No descriptor may go, and no number be given to another, before. */
  joinLoad(): void {
    const { load } = this;
    if (load === undefined) return;
    this.load = undefined;
    load.join();
    this.noteActivityEverywhere();
  }

  /** Starts a connection to the channel's listener, in place of the last one; who listens no longer refuses it. */
  connect(end: number): void {
    const client = end | 1;
    this.close(client);
    this.activity[end >> 1]++;
    this.ends[client] = this.world.startConnect(this.addresses[end >> 1]).fd;
  }

  /** Takes a connection that waits to be accepted, if there is one, and closes it. */
  accept(end: number): void {
    this.joinLoad();
    const listener = end & ~1;
    if (this.isListener(listener) && this.isReadable(listener)) this.act(listener, fd => this.acceptOne(fd));
  }

  dup(end: number): void {
    this.joinLoad();
    if (this.ends[end] !== CLOSED && !this.hasDup(end)) this.dups[end] = this.world.dup(this.ends[end]);
  }

  closeDup(end: number): void {
    if (!this.hasDup(end)) return;
    this.joinLoad();
    this.activity[end >> 1]++;
    this.world.close(this.dups[end]);
    this.dups[end] = CLOSED;
  }

  close(end: number): void {
    this.joinLoad();
    this.act(end, fd => this.world.close(fd));
    this.ends[end] = CLOSED;
  }

  reset(end: number): void {
    this.joinLoad();
    this.act(end, fd => (this.isNetwork(end) && !this.isListener(end) ? this.world.reset(fd) : this.world.close(fd)));
    this.ends[end] = CLOSED;
  }

  /** Closes what is left of a channel and opens it again. */
  reopen(channel: number): void {
    this.closeChannel(channel);
    [this.ends[2 * channel], this.ends[2 * channel + 1]] = this.open(channel);
  }

  /** Opens a channel again under the numbers that it has, which are never free meanwhile. */
  replace(channel: number): void {
    this.joinLoad();
    this.activity[channel]++;
    this.open(channel).forEach((fd, index) => {
      const end = 2 * channel + index;
      const onto = this.ends[end];
      if (onto === CLOSED || fd === CLOSED) {
        this.close(end);
        this.ends[end] = fd;
        return;
      }
      this.world.dup2(fd, onto);
      this.world.close(fd);
    });
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

  private open(channel: number): [number, number] {
    const { world } = this;
    for (const end of [2 * channel, 2 * channel + 1]) this.ended.delete(end);
    switch (this.channels[channel]) {
      case 'unix':
        return world.socketPair();
      case 'pipe':
        return world.pipe();
      case 'tcp':
        return world.tcpPair();
      case 'listener': {
        const { fd, address } = world.listener();
        this.addresses[channel] = address;
        return [fd, CLOSED];
      }
    }
  }

  private noteActivityEverywhere(): void {
    for (let channel = 0; channel < this.activity.length; channel++) this.activity[channel]++;
  }

  private isListener(end: number): boolean {
    return this.kind(end) === 'listener' && end % 2 === 0;
  }

  private isReadable(end: number): boolean {
    return this.ends[end] !== CLOSED && (this.holds(end) & READABLE) !== 0;
  }

  private acceptOne(listener: number): void {
    this.world.close(this.world.accept(listener));
  }

  private acceptAll(end: number): void {
    while (this.isReadable(end)) this.acceptOne(this.ends[end]);
  }

  private canRead(end: number): boolean {
    return this.kind(end) === 'pipe' ? end % 2 === 0 : !this.isListener(end);
  }

  private canWrite(end: number): boolean {
    return this.kind(end) === 'pipe' ? end % 2 === 1 : !this.isListener(end);
  }

  /** A peer that is gone is part of the play. */
  private act(end: number, call: (fd: number) => unknown): void {
    if (this.ends[end] === CLOSED) return;
    this.activity[end >> 1]++;
    try {
      call(this.ends[end]);
    } catch (error) {
      if (!isPeerGone(error)) throw error;
    }
  }
}
