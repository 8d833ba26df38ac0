/**
 * The descriptors that a program plays with, and what poll(2) says of them: the ground truth that the oracle goes by,
 * asked of the kernel by another way than the backend's.
 */
import { END, ERROR, HANGUP, READABLE, WRITABLE, type Readiness } from '../backends/contract.js';
import { drain, fill, openTcpPair, readSome, reset, writeSome } from '../conformance/descriptors.js';
import { SHUT_WR } from '../sys/constants.js';
import { ECONNRESET, EPIPE } from '../sys/errno.js';
import { close, dup, pipe } from '../sys/io.js';
import { IoError } from '../sys/io-error.js';
import { poll, PollfdArray, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../sys/poll.js';
import { shutdown, socketpair } from '../sys/socket.js';
import type { ChannelKind } from './program.js';

const CLOSED = -1;

export class Stage {
  private readonly ends: number[] = [];
  private readonly dups: number[];
  /** By channel: how often something was done to it. A kernel's edge needs such a cause. */
  private readonly activity: number[];
  private readonly question = new PollfdArray(1);

  constructor(readonly channels: readonly ChannelKind[]) {
    this.dups = Array<number>(2 * channels.length).fill(CLOSED);
    this.activity = Array<number>(channels.length).fill(0);
    for (const kind of channels) this.ends.push(...open(kind));
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
    this.question.set(0, this.ends[end], POLLIN | POLLOUT | POLLRDHUP);
    poll(this.question, 1, 0);
    const revents = this.question.takeRevents(0);
    let readiness = ((revents & POLLIN) !== 0 ? READABLE : 0) | ((revents & POLLOUT) !== 0 ? WRITABLE : 0);
    if ((revents & POLLRDHUP) !== 0) readiness |= END | READABLE;
    if ((revents & POLLHUP) !== 0) readiness |= HANGUP | END | READABLE | WRITABLE;
    if ((revents & POLLERR) !== 0) readiness |= ERROR | READABLE | WRITABLE;
    return readiness;
  }

  write(end: number, lengthBytes: number): void {
    if (this.canWrite(end)) this.act(end, fd => writeSome(fd, lengthBytes));
  }

  read(end: number, lengthBytes: number): void {
    if (this.canRead(end)) this.act(end, fd => readSome(fd, lengthBytes));
  }

  /** Reads until it would block. @returns whether it would block now: false at an end or an error. */
  drain(end: number): boolean {
    if (!this.canRead(end)) return false;
    this.act(end, drain);
    return (this.holds(end) & READABLE) === 0;
  }

  /** Writes until it would block. TCP is left out: its room comes back when the other side's kernel likes. */
  fill(end: number): boolean {
    if (!this.canWrite(end) || this.kind(end) === 'tcp') return false;
    this.act(end, fill);
    return (this.holds(end) & WRITABLE) === 0;
  }

  halfClose(end: number): void {
    // A connection that was reset has nothing to shut down (ENOTCONN), and that is as good.
    if (this.kind(end) !== 'pipe') this.act(end, fd => shutdown(fd, SHUT_WR));
  }

  dup(end: number): void {
    if (this.ends[end] !== CLOSED && !this.hasDup(end)) this.dups[end] = dup(this.ends[end]);
  }

  closeDup(end: number): void {
    if (!this.hasDup(end)) return;
    this.activity[end >> 1]++;
    close(this.dups[end]);
    this.dups[end] = CLOSED;
  }

  close(end: number): void {
    this.act(end, close);
    this.ends[end] = CLOSED;
  }

  reset(end: number): void {
    this.act(end, this.kind(end) === 'tcp' ? reset : close);
    this.ends[end] = CLOSED;
  }

  /** Closes what is left of a channel and opens it again. */
  reopen(channel: number): void {
    this.closeChannel(channel);
    [this.ends[2 * channel], this.ends[2 * channel + 1]] = open(this.channels[channel]);
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

function open(kind: ChannelKind): [number, number] {
  if (kind === 'pipe') return pipe();
  return kind === 'unix' ? socketpair() : openTcpPair();
}
