/** Bytes that pass through the thread's receive buffer: two copies, two calls, and no pipe. */
import type { StreamCalls } from '../../../sys/socket/stream.js';
import { BufferList } from '../../memory/buffer-list.js';
import type { ReceiveBuffer } from '../../memory/receive-buffer.js';
import type { Conduit } from './conduit.js';

export class BufferConduit implements Conduit {
  errno = 0;
  fillName = 'recv';
  drainName = 'send';
  /** What the sink did not take. */
  private readonly rest = new BufferList();
  /** Bytes just received that still lie where the next receive call of the thread would put its own. */
  private freshBytes = 0;

  constructor(private readonly buffer: ReceiveBuffer) {}

  get heldBytes(): number {
    return this.rest.length + this.freshBytes;
  }

  fill(fd: number, source: StreamCalls, mostBytes: number): number {
    const { buffer } = this;
    buffer.reserve();
    const received = source.receive(fd, buffer.address, Math.min(buffer.roomBytes, mostBytes));
    if (received > 0) {
      this.freshBytes = received;
    } else if (received < 0) {
      this.errno = source.errno();
      this.fillName = source.receiveName;
    }
    return received;
  }

  drain(fd: number, sink: StreamCalls): number {
    const { rest, freshBytes } = this;
    if (freshBytes === 0) {
      const sent = this.sent(sink.send(fd, rest.firstAddress, rest.firstLength), sink);
      if (sent > 0) rest.consume(sent);
      return sent;
    }
    const sent = this.sent(sink.send(fd, this.buffer.address, freshBytes), sink);
    if (sent === freshBytes) {
      // As nearly always. The room in the buffer was never given out, so there is nothing to give back.
      this.freshBytes = 0;
      return sent;
    }
    this.keep(Math.max(sent, 0));
    return sent;
  }

  private sent(result: number, sink: StreamCalls): number {
    if (result < 0) {
      this.errno = sink.errno();
      this.drainName = sink.sendName;
    }
    return result;
  }

  /** Takes over what another conduit held; only while it holds nothing itself. */
  take(bytes: BufferList): void {
    this.rest.append(bytes);
  }

  empty(into: BufferList): number {
    if (this.freshBytes > 0) this.keep(0);
    into.append(this.rest);
    return 0;
  }

  release(): void {
    this.freshBytes = 0;
    this.rest.release();
  }

  /** Keeps what was just received and not sent. */
  private keep(sentBytes: number): void {
    const { freshBytes } = this;
    this.freshBytes = 0;
    this.buffer.keep(this.rest, freshBytes, sentBytes);
  }
}
