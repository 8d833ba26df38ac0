/** Bytes that pass through a pipe by splice: pages change hands, nothing is copied. */
import type { SpliceCalls } from '../../../sys/socket/splice.js';
import { EAGAIN, EINTR } from '../../../sys/ffi/errno.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { NativeBlock } from '../../../sys/ffi/memory.js';
import { pipeStream, type StreamCalls } from '../../../sys/socket/stream.js';
import type { BufferList } from '../../memory/buffer-list.js';
import type { Conduit } from './conduit.js';
import type { Pipe, PipePool } from './pipe-pool.js';

export class PipeConduit implements Conduit {
  errno = 0;
  readonly fillName = 'splice';
  readonly drainName = 'splice';
  private pipe: Pipe | undefined = undefined;

  constructor(
    private readonly calls: SpliceCalls,
    private readonly pool: PipePool,
  ) {}

  get heldBytes(): number {
    return this.pipe === undefined ? 0 : this.pipe.heldBytes;
  }

  /** Makes sure that there is a pipe. @returns false: there is none to be had now. */
  reserve(): boolean {
    this.pipe ??= this.pool.take();
    return this.pipe !== undefined;
  }

  /** Only after `reserve`. */
  fill(fd: number, _source: StreamCalls, mostBytes: number): number {
    const pipe = this.pipe!;
    const moved = this.calls.splice(fd, pipe.writeEnd, Math.min(pipe.capacityBytes, mostBytes));
    if (moved < 0) this.errno = this.calls.errno();
    else pipe.heldBytes = moved;
    return moved;
  }

  drain(fd: number): number {
    const pipe = this.pipe!;
    const moved = this.calls.splice(pipe.readEnd, fd, pipe.heldBytes);
    if (moved < 0) this.errno = this.calls.errno();
    else pipe.heldBytes -= moved;
    return moved;
  }

  /** @throws IoError the pipe does not give back what it holds. */
  empty(into: BufferList): number {
    const { pipe } = this;
    let calls = 0;
    if (pipe !== undefined && pipe.heldBytes > 0) {
      const block = new NativeBlock(pipe.heldBytes);
      let taken = 0;
      while (pipe.heldBytes > 0) {
        calls++;
        const read = pipeStream.receive(pipe.readEnd, block.address + taken, pipe.heldBytes);
        if (read > 0) {
          taken += read;
          pipe.heldBytes -= read;
          continue;
        }
        const errno = read === 0 ? EAGAIN : pipeStream.errno();
        if (errno !== EINTR) throw new IoError(errno, 'read', `pipe ${pipe.readEnd}`);
      }
      into.append(block.bytes.subarray(0, taken));
    }
    this.release();
    return calls;
  }

  release(): void {
    const { pipe } = this;
    if (pipe === undefined) return;
    this.pipe = undefined;
    this.pool.give(pipe);
  }
}
