/** Waking a wait from any thread: a user event of a kqueue; eventfd where there is one, otherwise a pipe. */
import { hasEventfd, openEventfd } from '../../sys/poll/eventfd.js';
import { errno } from '../../sys/ffi/libc.js';
import { EAGAIN, EINTR } from '../../sys/ffi/errno.js';
import { closeLent, pipe, read, write } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { nativeKqueue } from '../../sys/poll/kqueue.js';
import { NativeBlock } from '../../sys/ffi/memory.js';
import { lend } from '../../sys/file/owned-descriptors.js';
import type { WakeHandle } from '../contract.js';
import { triggerKnote } from '../../sys/poll/user-event.js';

/** An eventfd wants a 64-bit count; a pipe takes the same eight bytes. */
const one = new NativeBlock(8);
one.bytes[0] = 1;
const sink = new NativeBlock(4096);

/**
 * Ends the current or the next wait of the backend that the handle came from. Any thread may call it; the backend must
 * still be open.
 *
 * @throws IoError EBADF: the backend was closed.
 */
export function wakeBackend(handle: WakeHandle): void {
  if (handle.call === 'kevent') {
    triggerKnote(nativeKqueue(), handle.fd, handle.ident, handle.low, handle.high);
    return;
  }
  // Full means that a wake is under way already.
  if (write(handle.fd, one.address, 8) < 0 && errno() !== EAGAIN) {
    throw new IoError(errno(), 'wake', `descriptor ${handle.fd}`);
  }
}

/** The two ends of a wake-up, owned by a backend. */
export class Waker {
  readonly handle: WakeHandle;
  /** What the backend waits on. */
  readonly fd: number;
  /** What the handle's descriptor is lent as. */
  readonly loan: number;

  constructor() {
    if (hasEventfd) {
      this.fd = openEventfd();
      this.handle = writeHandle(this.fd);
    } else {
      const [readEnd, writeEnd] = pipe();
      this.fd = readEnd;
      this.handle = writeHandle(writeEnd);
    }
    // Both: to write to a pipe that nobody can read fails.
    this.loan = lend(this.handle.fd);
    if (this.handle.fd !== this.fd) lend(this.fd);
  }

  /** Takes all wake-ups so far off the descriptor; needed where it is watched by level. */
  drain(): void {
    let lengthBytes = sink.lengthBytes;
    while (lengthBytes === sink.lengthBytes) lengthBytes = read(this.fd, sink.address, sink.lengthBytes);
    // It would be reported again and again.
    if (lengthBytes < 0 && errno() !== EAGAIN && errno() !== EINTR)
      throw new IoError(errno(), 'read', 'the wake descriptor');
  }

  close(): void {
    closeLent(this.handle.fd);
    if (this.handle.fd !== this.fd) closeLent(this.fd);
  }
}

/** The handle of a backend that eight bytes wake, which are written to a descriptor of its own. */
export function writeHandle(fd: number): WakeHandle {
  return { call: 'write', fd, ident: 0, low: 0, high: 0 };
}
