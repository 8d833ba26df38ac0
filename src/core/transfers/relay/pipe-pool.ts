/**
 * Pipes for splicing, shared by all transfers of a thread. A transfer has one only while bytes lie in it, so few pipes
 * serve many transfers, and those that wait for their source have none.
 *
 * Descriptors and pipe pages are bounded for a process and a user. At the bound pipes come smaller, and then not at
 * all; that is no error, the bytes go through buffers.
 */
import { monotonicMs } from '../../../base/runtime-functions.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import type { PipeCalls } from '../../../sys/socket/splice.js';
import { MIN_PIPE_BYTES, PIPE_BYTES, PIPE_REST_MS, POOLED_PIPES, TAKEN_PIPES } from '../../limits.js';

export class Pipe {
  /** Bytes that lie in it. */
  heldBytes = 0;

  constructor(
    readonly readEnd: number,
    readonly writeEnd: number,
    readonly capacityBytes: number,
  ) {}
}

export class PipePool {
  /** Why there was none, or only smaller ones: the call and the name of its errno. */
  refusal: string | undefined = undefined;
  /** Pipes in the hands of transfers. */
  taken = 0;

  private readonly free: Pipe[] = [];
  private users = 0;
  private restsUntilMs = 0;

  constructor(private readonly calls: PipeCalls) {}

  /** Pipes that wait for somebody to take them. */
  get pooled(): number {
    return this.free.length;
  }

  /** A transfer begins that may want pipes. */
  enter(): void {
    this.users++;
  }

  /** A transfer is over; after the last of them no pipe is kept. */
  leave(): void {
    if (--this.users > 0) return;
    for (const pipe of this.free.splice(0)) this.discard(pipe);
  }

  /** An empty pipe; undefined when there is none to be had now, and `refusal` says why. */
  take(): Pipe | undefined {
    if (this.taken >= TAKEN_PIPES) {
      this.refusal = `pipe: ${TAKEN_PIPES} are in use`;
      return undefined;
    }
    const pipe = this.free.pop() ?? this.open();
    if (pipe !== undefined) this.taken++;
    return pipe;
  }

  /** Gives a pipe back. One with bytes in it is closed, and they are gone. */
  give(pipe: Pipe): void {
    this.taken--;
    if (pipe.heldBytes === 0 && this.free.length < POOLED_PIPES && this.users > 0) this.free.push(pipe);
    else this.discard(pipe);
  }

  private open(): Pipe | undefined {
    const nowMs = monotonicMs();
    if (nowMs < this.restsUntilMs) return undefined;
    this.refusal = undefined;
    let ends: [number, number];
    try {
      ends = this.calls.open();
    } catch (error) {
      this.refuse(error, nowMs);
      return undefined;
    }
    const pipe = new Pipe(ends[0], ends[1], this.enlarge(ends[1]));
    if (pipe.capacityBytes >= MIN_PIPE_BYTES) return pipe;
    this.discard(pipe);
    this.restsUntilMs = nowMs + PIPE_REST_MS;
    return undefined;
  }

  private enlarge(fd: number): number {
    for (const capacityBytes of PIPE_BYTES) {
      try {
        return this.calls.resize(fd, capacityBytes);
      } catch (error) {
        this.refusal = reasonOf(error);
      }
    }
    return this.calls.capacity(fd);
  }

  private refuse(error: unknown, nowMs: number): void {
    this.refusal = reasonOf(error);
    this.restsUntilMs = nowMs + PIPE_REST_MS;
  }

  private discard(pipe: Pipe): void {
    this.calls.close(pipe.readEnd);
    this.calls.close(pipe.writeEnd);
  }
}

/** @throws what is no refusal of the system. */
function reasonOf(error: unknown): string {
  if (error instanceof IoError) return `${error.syscall}: ${error.code}`;
  throw error;
}
