/** What wakes a backend, or triggers a user event, from any thread: plain numbers. */

/**
 * Wakes a wait from any thread. A backend chooses what wakes it: eight bytes that are written to a descriptor (an
 * eventfd, the write end of a pipe, a socket), or a user event of a kqueue that is triggered. Any thread can do that
 * without code of the backend. The handle is made of plain numbers, so it can be posted to a worker and handed to
 * `wakeBackend` there. Valid until the backend is closed; who closes a backend first takes its handle back.
 */
export interface WakeHandle {
  /** The system call that wakes. */
  readonly call: 'write' | 'kevent';
  /** The descriptor to write to, or the kqueue. EAGAIN of a write is a wake that is under way already. */
  readonly fd: number;
  /** kevent: ident of the user event, and the low and the high 32 bits of its user data. 0 with write. */
  readonly ident: number;
  readonly low: number;
  readonly high: number;
}
