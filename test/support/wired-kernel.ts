/**
 * A kernel with SO_SPLICE as FreeBSD has it, played whole: it is the wire of every connection, so what it splices never shows
 * at the socket in between, which is the point of the option. A connection is two socket pairs with this kernel between:
 *
 *     outer ---- kernel ---- inner
 *
 * The rules are those that tests/sys/kern/socket_splice.c of FreeBSD checks, and those of a recording of FreeBSD 15
 * (test/fixtures/kqueue/so-splice-freebsd-15.jsonl). It moves bytes a turn of the loop at a time, as the kernel's own threads
 * do beside the program.
 */
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../src/sys/ffi/constants.js';
import { EAGAIN, errnoNumber } from '../../src/sys/ffi/errno.js';
import { close } from '../../src/sys/file/io.js';
import { errno } from '../../src/sys/ffi/libc.js';
import { addressOf } from '../../src/sys/ffi/memory.js';
import { recv, send, shutdown, socketpair } from '../../src/sys/socket/socket.js';
import type { SocketSpliceCalls } from '../../src/sys/socket/so-splice.js';
import { isSocket } from '../../src/sys/socket/stream.js';
import { adopt, type Connection } from '../../src/index.js';
import type { Joined } from './joined.js';
import { atEnd, track } from './sockets.js';

const PIECE_BYTES = 64 * 1024;
const MSG_PEEK = 2;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
/** What `carry` found in place of bytes. */
const NOTHING = 0;
const END = -1;
/** The sink is gone. */
const BROKEN = -2;

/** Looked for after the source was taken. */
const SPOILING = new Set(['ENOTCONN', 'EBUSY', 'EINVAL']);

interface Splice {
  readonly sink: Wire;
  leftBytes: number;
}

/** A connection: the kernel's ends of its two pairs. */
interface Wire {
  /** The number of the inner end: by it the splice is asked for. */
  readonly inner: number;
  readonly toOuter: number;
  readonly toInner: number;
  splice: Splice | undefined;
  /** Since the last splice began. */
  movedBytes: number;
  hasOuterEnded: boolean;
  hasInnerEnded: boolean;
}

export class WiredKernel implements SocketSpliceCalls {
  begun = 0;
  /** Bytes that lay at the source already when its splice began, of all splices. */
  residueBytes = 0;
  /** Asks for these sources are refused so. */
  readonly refusals = new Map<number, string>();
  /** Sources that a refusal has left busy for ever. */
  private readonly spoiled = new Set<number>();
  private readonly wires: Wire[] = [];
  private readonly buffer = new Uint8Array(PIECE_BYTES);
  private readonly address = addressOf(this.buffer);
  private isClosed = false;

  constructor() {
    this.run();
    atEnd(() => this.close());
  }

  /** @returns the outer and the inner end of a connection whose wire this kernel is. */
  connection(): { outer: Connection; inner: Connection } {
    const [outer, toOuter] = socketpair();
    const [inner, toInner] = socketpair();
    const [hasOuterEnded, hasInnerEnded] = [false, false];
    this.wires.push({ inner, toOuter, toInner, splice: undefined, movedBytes: 0, hasOuterEnded, hasInnerEnded });
    return { outer: track(adopt(outer)), inner: track(adopt(inner)) };
  }

  /** Two of them, as a proxy has them. */
  pairs(): Joined {
    const [first, second] = [this.connection(), this.connection()];
    return { left: first.outer, a: first.inner, b: second.inner, right: second.outer };
  }

  begin(source: number, sink: number, maxBytes: number): number {
    const refusal = this.refusal(source, sink, maxBytes);
    if (refusal !== undefined) {
      if (SPOILING.has(refusal) && maxBytes >= 0) this.spoiled.add(source);
      return errnoNumber(refusal);
    }
    const wire = this.wire(source)!;
    wire.splice = { sink: this.wire(sink)!, leftBytes: maxBytes === 0 ? Infinity : maxBytes };
    wire.movedBytes = 0;
    this.begun++;
    this.hasMovedResidue(wire);
    this.residueBytes += wire.movedBytes;
    // At an end it is over as soon as it began.
    if (wire.hasOuterEnded && !this.has(source)) wire.splice = undefined;
    return 0;
  }

  end(source: number): void {
    const wire = this.wire(source);
    if (wire !== undefined) wire.splice = undefined;
  }

  movedBytes(source: number): number {
    return this.wire(source)!.movedBytes;
  }

  isSpliced(source: number): boolean {
    return this.wire(source)?.splice !== undefined;
  }

  /** Bytes arrive at an inner end, at once. */
  deliver(inner: number, bytes: Uint8Array): void {
    send(this.wire(inner)!.toInner, addressOf(bytes), bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** What the idle timeout of the option does: the splice ends without a word, and bytes come as ever. */
  timeOut(source: number): void {
    this.end(source);
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { toInner, toOuter } of this.wires) {
      close(toInner);
      close(toOuter);
    }
  }

  private wire(inner: number): Wire | undefined {
    return this.wires.find(wire => wire.inner === inner);
  }

  private refusal(source: number, sink: number, maxBytes: number): string | undefined {
    const asked = this.refusals.get(source);
    if (asked !== undefined) return asked;
    if (maxBytes < 0) return 'EINVAL';
    if (!isSocket(sink) || !isSocket(source)) return 'ENOTSOCK';
    const [from, to] = [this.wire(source), this.wire(sink)];
    // Whatever is not of this kernel's wires is a Unix socket.
    if (from === undefined || to === undefined) return 'EPROTONOSUPPORT';
    if (this.spoiled.has(source)) return 'EBUSY';
    if (to.hasInnerEnded) return 'ENOTCONN';
    const isTaken = from.splice !== undefined || this.wires.some(({ splice }) => splice?.sink === to);
    return isTaken ? 'EBUSY' : undefined;
  }

  private run(): void {
    if (this.isClosed) return;
    for (const wire of this.wires) {
      this.sendOut(wire);
      this.bringIn(wire);
    }
    setImmediate(() => this.run());
  }

  /** What the inner end has sent. */
  private sendOut(wire: Wire): void {
    if (wire.hasInnerEnded) return;
    const carried = this.carry(wire.toInner, wire.toOuter, PIECE_BYTES);
    if (carried >= 0) return;
    wire.hasInnerEnded = true;
    if (carried === END) shutdown(wire.toOuter, SHUT_WR);
    // A reset: the inner end can't send any more.
    else shutdown(wire.toInner, SHUT_RDWR);
  }

  /** What the outer end has sent: to the sink of a splice, else to the inner end. */
  private bringIn(wire: Wire): void {
    if (wire.hasOuterEnded) return;
    if (wire.splice !== undefined && !this.isClear(wire.splice.sink)) return;
    if (wire.splice !== undefined && !this.hasMovedResidue(wire)) return;
    const { splice } = wire;
    const carried = this.carry(wire.toOuter, splice?.sink.toOuter ?? wire.toInner, splice?.leftBytes ?? PIECE_BYTES);
    if (carried === END) {
      wire.hasOuterEnded = true;
      // Over by itself; and now the inner end becomes readable.
      wire.splice = undefined;
      shutdown(wire.toInner, SHUT_WR);
    } else if (carried === BROKEN) {
      // What it has in hand is counted as moved, and lost. Later bytes are for the source.
      if (splice !== undefined) this.count(wire, splice, Math.max(0, this.lose(wire.toOuter, splice.leftBytes)));
      wire.splice = undefined;
    } else if (splice !== undefined) {
      this.count(wire, splice, carried);
    }
  }

  /** Moves what lies at the inner end of a splice, which goes first. @returns whether all of it has gone. */
  private hasMovedResidue(wire: Wire): boolean {
    for (;;) {
      const { splice, inner } = wire;
      if (!this.has(inner)) return true;
      if (splice === undefined || !this.isClear(splice.sink)) return false;
      const moved = this.carry(inner, splice.sink.toOuter, splice.leftBytes);
      if (moved <= 0) return false;
      this.count(wire, splice, moved);
    }
  }

  private count(wire: Wire, splice: Splice, movedBytes: number): void {
    wire.movedBytes += movedBytes;
    splice.leftBytes -= movedBytes;
    if (splice.leftBytes === 0) wire.splice = undefined;
  }

  /** What the program sent before it asked for a splice goes before what is spliced. */
  private isClear(sink: Wire): boolean {
    this.sendOut(sink);
    return sink.hasInnerEnded || !this.has(sink.toInner);
  }

  private has(fd: number): boolean {
    return recv(fd, this.address, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
  }

  private lose(from: number, mostBytes: number): number {
    return recv(from, this.address, Math.min(PIECE_BYTES, mostBytes), MSG_DONTWAIT);
  }

  /** @returns bytes, NOTHING, END or BROKEN. */
  private carry(from: number, to: number, mostBytes: number): number {
    const { address } = this;
    const waiting = recv(from, address, Math.min(PIECE_BYTES, mostBytes), MSG_DONTWAIT | MSG_PEEK);
    if (waiting === 0) return END;
    if (waiting < 0) return NOTHING;
    const sent = send(to, address, waiting, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return errno() === EAGAIN ? NOTHING : BROKEN;
    recv(from, address, sent, MSG_DONTWAIT);
    return sent;
  }
}
