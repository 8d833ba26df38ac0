/** timerfd_create(2): a timer that is a descriptor, Linux (and FreeBSD 14, where kqueue does it). */
import { O_CLOEXEC, O_NONBLOCK } from '../ffi/constants.js';
import { closeAndThrow } from '../socket/socket.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { holder, owners } from '../file/owned-descriptors.js';

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const TFD_TIMER_ABSTIME = 1;
/** struct itimerspec: the interval, then the first expiration, each in seconds and nanoseconds of 64 bits. */
const INTERVAL_WORD = 0;
const VALUE_WORD = 4;

const create = declare<(clock: number, flags: number) => number>('timerfd_create', 'int', ['int', 'int']);
const settime = declare<(fd: number, flags: number, spec: number, old: number) => number>('timerfd_settime', 'int', [
  'int',
  'int',
  'uintptr_t',
  'uintptr_t',
]);

/** A time in the kernel's two words; `nanoseconds` is below a thousand million. */
export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const ZERO: Timespec = { seconds: 0, nanoseconds: 0 };
const spec = new NativeBlock(32);

/**
 * Starts a timer, non-blocking and close-on-exec. The descriptor becomes readable when it expires; eight bytes read
 * from it are the number of expirations since the last read.
 *
 * @param first when it expires first: from now, or by the wall clock if `absolute`. A past time expires at once.
 * @param interval between further expirations; absent: there are none.
 * @throws IoError EMFILE, ENFILE, EINVAL.
 */
export function openTimerfd(first: Timespec, interval: Timespec = ZERO, absolute = false): number {
  const fd = create(absolute ? CLOCK_REALTIME : CLOCK_MONOTONIC, O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) owners[fd] = holder;
  if (fd < 0) throw new IoError(errno(), 'timerfd_create');
  store(INTERVAL_WORD, interval);
  store(VALUE_WORD, first);
  // All zeros would disarm it in place of letting it expire at once.
  if (first.seconds === 0 && first.nanoseconds === 0) store(VALUE_WORD, { seconds: 0, nanoseconds: 1 });
  if (settime(fd, absolute ? TFD_TIMER_ABSTIME : 0, spec.address, 0) < 0) {
    const failure = new IoError(errno(), 'timerfd_settime');
    closeAndThrow(fd, failure);
  }
  return fd;
}

function store(word: number, time: Timespec): void {
  storeWord(spec.u32, word, time.seconds);
  storeWord(spec.u32, word + 2, time.nanoseconds);
}
