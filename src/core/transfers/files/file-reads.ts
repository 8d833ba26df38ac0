/** What sending a file asks of the disk. An object, so that a test can be the disk. */
import type { Done } from '../../../sys/ffi/blocking-call.js';
import { pread, readNow } from '../../../sys/file/file-io.js';
import { NativeBlock, storeWord } from '../../../sys/ffi/memory.js';
import { isResident } from '../../../sys/file/page-cache.js';
import { spendNowBytes, takeNowCall } from '../../disk/now-budget.js';
import { diskPool } from '../../disk/pool.js';
import { READ_AHEAD_BYTES } from '../../limits.js';

export interface FileOnDevice {
  readonly fd: number;
  /** st_dev: who reads from one device waits for others who do. */
  readonly device: number;
}

export interface FileReads {
  /** Whether a range can be sent without waiting for a disk; undefined where nobody knows. */
  isResident(fd: number, offset: number, lengthBytes: number): boolean | undefined;
  /** Reads, in this thread, what is in memory. @returns bytes, or below 0 where only `read` can tell. */
  readNow?(file: FileOnDevice, address: number, lengthBytes: number, offset: number): number;
  /**
   * Reads on a thread of the pool; `done` is told in a later turn: bytes, 0 at the end of the file, or an errno with
   * its sign turned.
   *
   * @param address of memory that stays until then.
   * @throws IoError ENOBUFS: too many wait for a disk already.
   */
  read(file: FileOnDevice, address: number, lengthBytes: number, offset: number, done: Done): void;
}

/** struct iovec: address, length. */
const iovec = new NativeBlock(16);

export const nativeFileReads: FileReads = {
  isResident,
  readNow({ fd }, address, lengthBytes, offset) {
    const allowed = takeNowCall();
    if (allowed === 0) return -1;
    storeWord(iovec.u32, 0, address);
    storeWord(iovec.u32, 2, Math.min(lengthBytes, allowed));
    const result = readNow(fd, iovec.address, 1, offset);
    if (result > 0) spendNowBytes(result);
    return result;
  },
  read({ fd, device }, address, lengthBytes, offset, done) {
    diskPool.submit(device, answered => pread(fd, address, lengthBytes, offset, answered), done);
  },
};

let scratch: NativeBlock | undefined;

/**
 * Where bytes go that are read only to have them in memory. Nobody looks at it, so all reads of a thread write there,
 * also at the same time.
 */
export function scratchAddress(): number {
  scratch ??= new NativeBlock(READ_AHEAD_BYTES);
  return scratch.address;
}
