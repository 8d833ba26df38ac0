/**
 * Memory that a ring shares with the kernel. A mapping keeps its ring alive, and the ring the files that are polled
 * in it: so it is unmapped before the descriptor is closed, by another thread where the thread of the ring has been
 * terminated. Where each ring's memory lies is written down for that, in memory that all threads of the process
 * share.
 */
import koffi from 'koffi';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
/** A child between fork and exec would keep the ring alive. */
const MADV_DONTFORK = 10;

/** No ring has a higher descriptor. Memory that is never touched costs nothing. */
const MAX_DESCRIPTORS = 2 ** 16;

type Map = (
  address: number,
  lengthBytes: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => number;
const mmap = declare<Map>('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'long']);
const munmap = declare<(address: number, lengthBytes: number) => number>('munmap', 'int', ['uintptr_t', 'size_t']);
const madvise = declare<(address: number, lengthBytes: number, advice: number) => number>('madvise', 'int', [
  'uintptr_t',
  'size_t',
  'int',
]);

/** Areas of one ring: two that are the kernel's, and the ring of its provided buffers, which is ours. */
const AREAS = 3;
const BUFFERS = 2;

const ENVIRONMENT_KEY = 'pollux: memory of rings, 2';
const shared =
  (getEnvironmentData(ENVIRONMENT_KEY) as unknown as SharedArrayBuffer | undefined) ??
  new SharedArrayBuffer(2 * AREAS * MAX_DESCRIPTORS * Float64Array.BYTES_PER_ELEMENT);
setEnvironmentData(ENVIRONMENT_KEY, shared);
/** Of each area of each descriptor; 0: it is not mapped. */
const addresses = new Float64Array(shared, 0, AREAS * MAX_DESCRIPTORS);
const lengths = new Float64Array(shared, addresses.byteLength);

/** One of the areas of a ring's memory: where the descriptor has it, and its length. */
export interface RingArea {
  readonly offset: number;
  readonly lengthBytes: number;
}

/**
 * Maps the areas of a ring.
 *
 * @param areas two at most.
 * @returns a view of each; all end with `unmapRing`.
 * @throws IoError ENOMEM, EAGAIN (more than RLIMIT_MEMLOCK allows).
 */
export function mapRing(fd: number, areas: readonly RingArea[]): ArrayBuffer[] {
  if (fd >= MAX_DESCRIPTORS) throw new IoError('EMFILE', 'mmap', `descriptor ${fd}`, `at most ${MAX_DESCRIPTORS} here`);
  return areas.map(({ offset, lengthBytes }, index) => {
    try {
      return mapArea({ fd, offset, lengthBytes }, MAP_SHARED, fd * AREAS + index);
    } catch (error) {
      unmapRing(fd);
      throw error;
    }
  });
}

/**
 * Memory for a ring of provided buffers, which the kernel goes on to read for as long as there is the ring that it is
 * registered with: it ends with `unmapRing`, as the rest of that ring's memory.
 *
 * @returns its address and a view of it.
 * @throws IoError ENOMEM.
 */
export function mapBufferRing(fd: number, lengthBytes: number): { address: number; memory: ArrayBuffer } {
  const entry = fd * AREAS + BUFFERS;
  const memory = mapArea({ fd: -1, offset: 0, lengthBytes }, MAP_PRIVATE | MAP_ANONYMOUS, entry);
  return { address: addresses[entry], memory };
}

function mapArea({ fd, offset, lengthBytes }: RingArea & { fd: number }, flags: number, entry: number): ArrayBuffer {
  lengths[entry] = lengthBytes;
  // One step with the call: a thread may be terminated between any other two.
  const address = mmap(0, lengthBytes, PROT_READ_WRITE, flags | MAP_POPULATE, fd, offset);
  addresses[entry] = address;
  if (address < 0) {
    const code = errno();
    addresses[entry] = 0;
    throw new IoError(code, 'mmap', `${lengthBytes} bytes of a ring`);
  }
  madvise(address, lengthBytes, MADV_DONTFORK);
  return koffi.view(address, lengthBytes);
}

/**
 * Before the descriptor of a ring is closed: gives back what `mapRing` has mapped of it. No view of it may be used
 * any more.
 */
export function unmapRing(fd: number): void {
  if (fd >= MAX_DESCRIPTORS) return;
  for (let entry = fd * AREAS; entry < (fd + 1) * AREAS; entry++) {
    if (addresses[entry] === 0) continue;
    munmap(addresses[entry], lengths[entry]);
    addresses[entry] = 0;
  }
}
