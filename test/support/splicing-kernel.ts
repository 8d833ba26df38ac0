/**
 * A kernel with SO_SPLICE, played: bytes move when it is asked, a random share of what waits. The source stays readable in
 * epoll's eyes, so every arrival ends the splice; what was moved until then has to be counted, and no byte lost between.
 */
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../src/sys/ffi/constants.js';
import { errnoNumber } from '../../src/sys/ffi/errno.js';
import { addressOf } from '../../src/sys/ffi/memory.js';
import { recv, send } from '../../src/sys/socket/socket.js';
import type { SocketSpliceCalls } from '../../src/sys/socket/so-splice.js';
import { isSocket } from '../../src/sys/socket/stream.js';

const PEEK_BYTES = 64 * 1024;
const MSG_PEEK = 2;

interface Splice {
  readonly sink: number;
  readonly maxBytes: number;
  moved: number;
  isOver: boolean;
}

export class SplicingKernel implements SocketSpliceCalls {
  begun = 0;
  private readonly splices = new Map<number, Splice>();
  private readonly buffer = new Uint8Array(PEEK_BYTES);

  /** @param shares what part of what waits is moved when, from 0 to 1, over and over. */
  constructor(
    private readonly shares: readonly number[],
    private readonly refusal: string | undefined = undefined,
  ) {}

  begin(source: number, sink: number, maxBytes: number): number {
    if (this.refusal !== undefined) return errnoNumber(this.refusal);
    if (!isSocket(source) || !isSocket(sink)) return errnoNumber('ENOTSOCK');
    if (this.splices.get(source)?.isOver === false) return errnoNumber('EBUSY');
    this.splices.set(source, { sink, maxBytes: maxBytes === 0 ? Infinity : maxBytes, moved: 0, isOver: false });
    this.begun++;
    return 0;
  }

  end(source: number): void {
    const splice = this.splices.get(source);
    if (splice === undefined || splice.isOver) return;
    this.move(source, splice);
    splice.isOver = true;
  }

  movedBytes(source: number): number {
    return this.splices.get(source)!.moved;
  }

  private move(source: number, splice: Splice): void {
    const address = addressOf(this.buffer);
    const waiting = recv(source, address, PEEK_BYTES, MSG_DONTWAIT | MSG_PEEK);
    const share = this.shares[this.begun % this.shares.length];
    const wanted = Math.min(Math.floor(waiting * share), splice.maxBytes);
    if (wanted <= 0) return;
    const sent = send(splice.sink, address, wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;
    recv(source, address, sent, MSG_DONTWAIT);
    splice.moved += sent;
  }
}
