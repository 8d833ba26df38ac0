/** Copying from one open thing to another, by the cheapest way that the system has for the two. */
import { statOf } from '../core/disk/open-file.js';
import { diskPool } from '../core/disk/pool.js';
import { nativeFileCopyCalls } from '../core/transfers/file-copy-calls.js';
import { FileToFile, type CopyEnd, type FileCopy } from '../core/transfers/file-to-file.js';
import { isMadeUp } from '../sys/file-system.js';
import { IoError } from '../sys/io-error.js';
import { File } from './file.js';
import { checkInteger } from './options.js';
import { Transfer } from './transfer.js';

/** Largest size that a file may claim whose content is made up as it is read: a page, in sysfs. */
const MADE_UP_BYTES = 4096;

export interface CopyOptions {
  /** Where in the source to begin, in bytes. Default 0. At or after its end there is nothing to copy. */
  readonly from?: number;
  /** Where in the target to begin, in bytes. Default 0. What it has before and behind the range stays. */
  readonly to?: number;
  /** How many bytes. Default: up to where the source ends now. */
  readonly length?: number;
  /** See `Transfer.bytesPerSecond`. Blocks that are shared and not copied are not counted against it. */
  readonly bytesPerSecond?: number;
  /** Cancels the transfer, which is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Copies a range of a file to another file: their blocks are shared where the file system can (reflink), otherwise the
 * kernel copies (copy_file_range), otherwise a buffer does, which also takes over in the middle. Holes stay holes. All of it
 * happens on threads of the pool.
 *
 * The number of bytes is settled when it begins. A source that grows meanwhile gives no more than that; one that is cut short
 * fails the copy with EIO. Bytes arrive in order, so a copy that failed or was cancelled is taken up again with `from` and
 * `to` moved on by its `bytes`.
 *
 * Both files stay yours. They may be closed at once: that waits for the copy.
 *
 * @param source open for reading.
 * @param target open for writing.
 * @returns the transfer, which is under way. It is rejected with
 *   TypeError, RangeError: an argument that makes no sense, a range beyond the end of the source, ranges of one file that
 *   overlap; IoError EBADF: a file that is closed; EISDIR, EINVAL: no file; in all these cases no byte has moved;
 *   IoError ENOSPC, EDQUOT, EFBIG, EIO: what the system said then.
 */
export function copy(source: File, target: File, options: CopyOptions = {}): Transfer {
  let release = (): void => {};
  const prepare = async (): Promise<FileCopy> => {
    checkOptions(options);
    release = hold(source, target);
    engine.pace.bytesPerSecond = options.bytesPerSecond ?? Infinity;
    return fileCopy(source, target, options);
  };
  const engine: FileToFile = new FileToFile(prepare, () => release(), diskPool, nativeFileCopyCalls);
  return new Transfer(engine, options.signal);
}

function checkOptions({ from = 0, to = 0, length }: CopyOptions): void {
  checkInteger('from', from, 0, Number.MAX_SAFE_INTEGER);
  checkInteger('to', to, 0, Number.MAX_SAFE_INTEGER);
  if (length !== undefined) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - Math.max(from, to));
}

/** Has both files wait with their closing. @returns what ends that. */
function hold(source: File, target: File): () => void {
  for (const [name, end] of [
    ['source', source],
    ['target', target],
  ] as const) {
    if (!(end instanceof File)) throw new TypeError(`${name}: ${typeof end}; allowed: a File`);
  }
  source.descriptor.enter('copy');
  try {
    target.descriptor.enter('copy');
  } catch (error) {
    source.descriptor.leave();
    throw error;
  }
  return () => {
    source.descriptor.leave();
    target.descriptor.leave();
  };
}

async function fileCopy(source: File, target: File, { from = 0, to = 0, length }: CopyOptions): Promise<FileCopy> {
  const [sourceEnd, targetEnd] = await Promise.all([copyEnd(source, from), copyEnd(target, to)]);
  const { sizeBytes } = sourceEnd.stat;
  const madeUp = sizeBytes <= MADE_UP_BYTES && isMadeUp(source.fd);
  if (!madeUp && length !== undefined && length > 0 && from + length > sizeBytes) {
    throw new RangeError(
      `length: ${length} from ${from}; allowed: up to the end of the source, which has ${sizeBytes} bytes`,
    );
  }
  const lengthBytes = length ?? (madeUp ? Infinity : Math.max(0, sizeBytes - from));
  checkOverlap(sourceEnd, targetEnd, lengthBytes);
  return { source: sourceEnd, target: targetEnd, isMadeUp: madeUp, lengthBytes };
}

async function copyEnd(file: File, offset: number): Promise<CopyEnd> {
  const stat = await statOf(diskPool, file.descriptor.device, file.fd);
  if (typeof stat === 'number') throw new IoError(-stat, 'fstat', file.path);
  return { fd: file.fd, offset, stat, name: file.path };
}

function checkOverlap(source: CopyEnd, target: CopyEnd, lengthBytes: number): void {
  if (source.stat.device !== target.stat.device || source.stat.inode !== target.stat.inode) return;
  if (lengthBytes === 0 || Math.abs(source.offset - target.offset) >= lengthBytes) return;
  throw new RangeError(
    `from, to: ${source.offset} and ${target.offset} with length ${lengthBytes}; allowed within one file: ranges that do not overlap`,
  );
}
