/** Copying from one open thing to another, by the cheapest way that the system has for the two. */
import { checkAccess } from '../../core/disk/access.js';
import { diskPool } from '../../core/disk/pool.js';
import { saysNoSize } from '../../core/disk/regular-file.js';
import { nativeFileCopyCalls } from '../../core/transfers/files/file-copy-calls.js';
import { FileToFile, type CopyEnd, type FileCopy } from '../../core/transfers/files/file-to-file.js';
import { FileToSocket } from '../../core/transfers/files/file-to-socket.js';
import { OneWay } from '../../core/transfers/relay/one-way.js';
import type { RelayAccount } from '../../core/transfers/relay/relay-account.js';
import { nativeRelayCalls } from '../../core/transfers/relay/relay-conduits.js';
import { SocketToFile } from '../../core/transfers/files/socket-to-file.js';
import { checkInteger, kindOf, type OptionNames, shown } from '../../base/arguments.js';
import { Connection } from '../stream/connection.js';
import { streamLimits } from './copy-stream.js';
import { DiskFile } from '../file/disk-file.js';
import { fileSending } from './send-file.js';
import { checkSink, checkSource } from './transfer-ends.js';
import { Transfer } from './transfer.js';

/** Options of `copy`. */
export interface CopyOptions {
  /** A file as source: where to begin, in bytes. Default 0. At or after its end there is nothing to copy. */
  readonly from?: number;
  /** A file as target: where to begin, in bytes. Default 0. What it has before and behind the range stays. */
  readonly to?: number;
  /** How many bytes. Default: up to where the file ends now, or to the end of the stream. */
  readonly length?: number;
  /** See `Transfer.bytesPerSecond`. Holes, and blocks that are shared and not copied, are not counted against it. */
  readonly bytesPerSecond?: number;
  /** Cancels the transfer; the `cause` of what it is rejected with is the signal's reason. */
  readonly signal?: AbortSignal;
}

const COPY_OPTIONS = {
  from: 'other',
  to: 'other',
  length: 'other',
  bytesPerSecond: 'other',
  signal: 'other',
} as const satisfies OptionNames<CopyOptions>;

/**
 * Copies bytes from one open thing to another. Nothing is read into the program where the system can do without.
 *
 * **File to file:** blocks are shared where the file system can (reflink), otherwise the kernel copies (copy_file_range),
 * otherwise a buffer does, which also takes over in the middle. Holes stay holes. All of it happens on threads of the pool.
 * The number of bytes is settled when it begins. A source that grows meanwhile gives no more than that; one that is cut short
 * fails the copy with EIO. Bytes arrive in order, so a copy that failed or was cancelled is taken up again with `from` and
 * `to` moved on by its `bytes`. What others write to the target outside of the range stays. Cancelled, it waits for no read;
 * a call that writes, which copy_file_range does too, is waited for and counted.
 *
 * **File to connection:** as `sendFile`.
 *
 * **Connection to file:** what is received is written, up to `length` or the end of the stream, whichever comes first:
 * `account.bytes` tells. A disk that lags holds the peer back. Cancelled, or when the stream breaks, it first writes what was
 * received. When the disk fails, `residueBytes` says how much was received and is not in the file. What comes after the bytes
 * is yours again to read.
 *
 * **Connection to connection:** as `copyStream`.
 *
 * All ends stay yours. Files may be closed at once: that waits for the copy.
 *
 * @param source a file open for reading, or a connection that nobody reads.
 * @param target a file open for writing, or a connection.
 * @returns the transfer, which is under way. It is rejected with
 *   TypeError, RangeError: an argument that makes no sense, a range beyond the end of the source, ranges of one file that
 *   overlap; IoError EBADF: a file that is closed or not open for this; EINVAL: one that is `direct`; Error: the source is being
 *   read or joined; in all these cases no byte has moved;
 *   IoError ENOSPC, EDQUOT, EFBIG, EIO: what the system said then; what a connection broke with.
 */
export function copy(source: Connection, target: Connection, options?: CopyOptions): Transfer<RelayAccount>;
export function copy(source: DiskFile | Connection, target: DiskFile | Connection, options?: CopyOptions): Transfer;
export function copy(
  source: DiskFile | Connection,
  target: DiskFile | Connection,
  options: CopyOptions = {},
): Transfer | Transfer<RelayAccount> {
  if (source instanceof Connection) {
    if (target instanceof Connection) return copyStreams(source, target, options);
    return copyFromConnection(source, target, options);
  }
  if (target instanceof Connection) return copyToConnection(source, target, options);
  return copyFile(source, target, options);
}

function copyStreams(source: Connection, target: Connection, options: CopyOptions): Transfer<RelayAccount> {
  const prepare = () => {
    checkUnused('from', options.from ?? 0, 'source');
    checkUnused('to', options.to ?? 0, 'target');
    return streamLimits(source, target, options);
  };
  return new Transfer(new OneWay(source, target, prepare, nativeRelayCalls()), options, COPY_OPTIONS);
}

function copyToConnection(source: DiskFile, target: Connection, options: CopyOptions): Transfer {
  const prepare = () => {
    checkFile('source', source);
    checkSink('target', target);
    target.writes.checkTurn('target', 0);
    const { from: offset = 0, to = 0, length, bytesPerSecond = Infinity } = options;
    checkInteger('from', offset, 0, Number.MAX_SAFE_INTEGER);
    checkUnused('to', to, 'target');
    engine.pace.bytesPerSecond = bytesPerSecond;
    return fileSending(source, { offset, length });
  };
  const engine = new FileToSocket(target, prepare, undefined, 'target');
  return new Transfer(engine, options, COPY_OPTIONS);
}

function copyFromConnection(source: Connection, target: DiskFile, options: CopyOptions): Transfer {
  const engine: SocketToFile = new SocketToFile(source, () => {
    checkSource('source', source);
    checkFile('target', target);
    const { from = 0, to = 0, length = Infinity, bytesPerSecond = Infinity } = options;
    checkUnused('from', from, 'source');
    checkInteger('to', to, 0, Number.MAX_SAFE_INTEGER);
    if (length !== Infinity) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - to);
    engine.pace.bytesPerSecond = bytesPerSecond;
    const { descriptor, path: name } = target;
    descriptor.enter('copy');
    const releaseFile = () => descriptor.leave();
    const { fd, device, flags } = descriptor;
    try {
      // Bytes that are taken from a stream can't be put back: it has to be known before.
      checkAccess(flags, 'writing', 'copy', name);
    } catch (error) {
      releaseFile();
      throw error;
    }
    return { file: { fd, device, name }, offset: to, lengthBytes: length, releaseFile };
  });
  return new Transfer(engine, options, COPY_OPTIONS);
}

/** What a position in a stream would be: nothing that could be had. */
function checkUnused(name: string, position: number, end: 'source' | 'target'): void {
  if (position === 0) return;
  throw new TypeError(`${name}: ${shown(position)}; allowed: nothing, where the ${end} is a connection`);
}

function checkFile(name: string, end: unknown): asserts end is DiskFile {
  if (!(end instanceof DiskFile)) throw new TypeError(`${name}: ${kindOf(end)}; allowed: a DiskFile or a Connection`);
}

function copyFile(source: DiskFile, target: DiskFile, options: CopyOptions): Transfer {
  let release = (): void => {};
  const prepare = async (): Promise<FileCopy> => {
    checkRanges(options);
    release = hold(source, target);
    engine.pace.bytesPerSecond = options.bytesPerSecond ?? Infinity;
    return fileCopy(source, target, options);
  };
  const engine: FileToFile = new FileToFile(prepare, () => release(), diskPool, nativeFileCopyCalls);
  return new Transfer(engine, options, COPY_OPTIONS);
}

function checkRanges({ from = 0, to = 0, length }: CopyOptions): void {
  checkInteger('from', from, 0, Number.MAX_SAFE_INTEGER);
  checkInteger('to', to, 0, Number.MAX_SAFE_INTEGER);
  if (length !== undefined) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - Math.max(from, to));
}

/** Has both files wait with their closing. @returns what ends that. */
function hold(source: DiskFile, target: DiskFile): () => void {
  checkFile('source', source);
  checkFile('target', target);
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

async function fileCopy(
  source: DiskFile,
  target: DiskFile,
  { from = 0, to = 0, length }: CopyOptions,
): Promise<FileCopy> {
  checkAccess(source.descriptor.flags, 'reading', 'copy', source.path);
  checkAccess(target.descriptor.flags, 'writing', 'copy', target.path);
  const [sourceEnd, targetEnd] = await Promise.all([copyEnd(source, from), copyEnd(target, to)]);
  const { sizeBytes } = sourceEnd.stat;
  const madeUp = !source.descriptor.place.isLocal && saysNoSize(sourceEnd.stat);
  if (!madeUp && length !== undefined && length > 0 && from + length > sizeBytes) {
    throw new RangeError(
      `length: ${length} from ${from}; allowed: up to the end of the source, which has ${sizeBytes} bytes`,
    );
  }
  const lengthBytes = length ?? (madeUp ? Infinity : Math.max(0, sizeBytes - from));
  checkOverlap(sourceEnd, targetEnd, lengthBytes);
  return { source: sourceEnd, target: targetEnd, isMadeUp: madeUp, lengthBytes };
}

async function copyEnd({ descriptor, path: name }: DiskFile, offset: number): Promise<CopyEnd> {
  return { fd: descriptor.fd, offset, stat: await descriptor.stat(), name };
}

function checkOverlap(source: CopyEnd, target: CopyEnd, lengthBytes: number): void {
  if (source.stat.device !== target.stat.device || source.stat.inode !== target.stat.inode) return;
  if (lengthBytes === 0 || Math.abs(source.offset - target.offset) >= lengthBytes) return;
  throw new RangeError(
    `from, to: ${source.offset} and ${target.offset} with length ${lengthBytes}; allowed within one file: ranges that do not overlap`,
  );
}
