/** Operations on real sockets that write down what happens to them. */
import { AGAIN, DONE, Operation, WAIT, type Direction, type Outcome } from '../../src/core/operations/operation.js';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../src/sys/ffi/constants.js';
import { EAGAIN } from '../../src/sys/ffi/errno.js';
import { errno } from '../../src/sys/ffi/libc.js';
import { NativeBlock } from '../../src/sys/ffi/memory.js';
import { recv, send } from '../../src/sys/socket/socket.js';

/** Room for the bytes of any operation of a test: what they are does not matter here. */
const memory = new NativeBlock(64 * 1024);

export abstract class Scripted extends Operation {
  attempts = 0;
  completions = 0;
  cancellations = 0;
  bytes = 0;
  /** What the last failing call left. */
  errno = 0;
  failure: Error | undefined = undefined;
  /** Runs within `attempt`, after bytes have moved. */
  onProgress: (() => void) | undefined = undefined;
  onComplete: (() => void) | undefined = undefined;

  constructor(
    readonly direction: Direction,
    protected readonly log: string[] = [],
    readonly label = '',
  ) {
    super();
  }

  complete(): void {
    this.completions++;
    this.log.push(this.label);
    this.onComplete?.();
  }

  override cancelled(): void {
    this.cancellations++;
  }

  fail(error: Error): void {
    this.failure = error;
  }

  protected moved(count: number): void {
    this.bytes += count;
    this.onProgress?.();
  }

  protected failed(): Outcome {
    this.errno = errno();
    return this.errno === EAGAIN ? WAIT : DONE;
  }
}

/** Receives once. */
export class ReceiveOnce extends Scripted {
  constructor(log?: string[], label?: string, lengthBytes = memory.lengthBytes) {
    super('read', log, label);
    this.lengthBytes = lengthBytes;
  }

  private readonly lengthBytes: number;

  attempt(fd: number): Outcome {
    this.attempts++;
    const received = recv(fd, memory.address, this.lengthBytes, MSG_DONTWAIT);
    if (received < 0) return this.failed();
    this.moved(received);
    return DONE;
  }
}

/** Receives for ever, one call a turn, until the stream ends. */
export class ReceiveAlways extends Scripted {
  constructor(
    private readonly budgetBytes: number,
    log?: string[],
    label?: string,
  ) {
    super('read', log, label);
  }

  attempt(fd: number): Outcome {
    this.attempts++;
    const received = recv(fd, memory.address, this.budgetBytes, MSG_DONTWAIT);
    if (received < 0) return this.failed();
    if (received === 0) return DONE;
    this.moved(received);
    return AGAIN;
  }
}

/** Sends a number of bytes. */
export class SendBytes extends Scripted {
  constructor(
    private readonly lengthBytes: number,
    log?: string[],
    label?: string,
  ) {
    super('write', log, label);
  }

  attempt(fd: number): Outcome {
    this.attempts++;
    const before = this.bytes;
    while (this.bytes < this.lengthBytes) {
      const length = Math.min(this.lengthBytes - this.bytes, memory.lengthBytes);
      const sent = send(fd, memory.address, length, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) return this.bytes > before ? AGAIN : this.failed();
      this.moved(sent);
    }
    return DONE;
  }
}

/** Sends until the socket takes no more. Returns how many bytes it took. */
export function fill(fd: number): number {
  let total = 0;
  for (;;) {
    const sent = send(fd, memory.address, memory.lengthBytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return total;
    total += sent;
  }
}

/** Receives until there is no more. Returns how many bytes there were. */
export function drain(fd: number): number {
  let total = 0;
  for (;;) {
    const received = recv(fd, memory.address, memory.lengthBytes, MSG_DONTWAIT);
    if (received <= 0) return total;
    total += received;
  }
}

export function sendSome(fd: number, lengthBytes: number): void {
  const sent = send(fd, memory.address, lengthBytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent !== lengthBytes) throw new Error(`${sent} of ${lengthBytes} bytes sent`);
}
