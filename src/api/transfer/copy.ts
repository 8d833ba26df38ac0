/** Copying from one open thing to another, by the cheapest way that the system has for the two. */
import { checkAccess } from '../../core/disk/access.js';
import { diskPool } from '../../core/disk/pool.js';
import { saysNoSize } from '../../core/disk/regular-file.js';
import { nativeFileCopyCalls } from '../../core/transfers/files/file-copy-calls.js';
import type { CopyEnd } from '../../core/transfers/files/copy-calls.js';
import { FileToFile, type FileCopy, type FileCopyPlan } from '../../core/transfers/files/file-to-file.js';
import { FileToSocket } from '../../core/transfers/files/file-to-socket.js';
import { OneWay } from '../../core/transfers/relay/one-way.js';
import type { RelayAccount } from '../../core/transfers/relay/relay-account.js';
import { nativeRelayCalls, type RelayCalls } from '../../core/transfers/relay/relay-conduits.js';
import { SocketToFile } from '../../core/transfers/files/socket-to-file.js';
import { checkInteger } from '../../base/arguments.js';
import type { OptionValues } from '../../base/options.js';
import { copyByBuffers } from './buffered/copy-by-buffers.js';
import { isBuffered, type BufferedEnd } from './buffered/port.js';
import {
  FILE_COPY_OPTIONS,
  FILE_TO_STREAM_OPTIONS,
  STREAM_COPY_OPTIONS,
  STREAM_TO_FILE_OPTIONS,
  type FileCopyOptions,
  type FileToStreamCopyOptions,
  type StreamCopyOptions,
  type StreamToFileCopyOptions,
  type StreamToFileValues,
} from './copy-options.js';
import { Connection } from '../stream/connection.js';
import type { DiskFile } from '../file/disk-file.js';
import { checkFileEnd, fileReceiving, isPath, OpenedFiles, type FileEnd } from './file-ends.js';
import { OpenedFirst } from './opened-first.js';
import { fileSending, pathSending } from './send-file.js';
import { checkSink, checkSource } from './transfer-ends.js';
import { startTransfer, type Transfer, type TransferOptions } from './transfer.js';

/**
 * Copies bytes from one open thing to another. Nothing is read into the program where the system can do without.
 *
 * **File to file:** blocks are shared where the file system can (reflink), otherwise the kernel copies
 * (copy_file_range), otherwise a buffer does, which also takes over in the middle. Holes stay holes. All of it happens
 * on threads of the pool. The number of bytes is settled when it begins. A source that grows meanwhile gives no more
 * than that; one that is cut short fails the copy with EIO. Bytes arrive in order, so a copy that failed or was
 * cancelled is taken up again with `from` and `to` moved on by its `bytes`. What others write to the target outside of
 * the range stays. Cancelled, it waits for no read; a call that writes, which copy_file_range does too, is waited for
 * and counted.
 *
 * **File to connection:** as `sendFile`.
 *
 * **Connection to file:** what is received is written, up to `length` or the end of the stream, whichever comes first:
 * `account.bytes` tells. A disk that lags holds the peer back. Cancelled, or when the stream breaks, it first writes
 * what was received. When the disk fails, `residueBytes` says how much was received and is not in the file. What comes
 * after the bytes is yours again to read.
 *
 * **Connection to connection:** up to `length` or the end of the stream, whichever comes first. Neither end is ended or
 * closed. When the source breaks, what was taken from it is delivered first. Cancelled, the copy leaves that in the
 * queue of the target. An orderly `close()` of the target waits for the copy, but ends one that is paused. Either may
 * be a pipe or a Unix socket that was adopted. A connection may be copied to itself.
 *
 * **A `SecureConnection`** may stand for a connection: the bytes go by buffers, and `fallback` says so.
 *
 * All ends stay yours. Files may be closed at once: that waits for the copy. **A path** stands for a file that is
 * opened for the copy and closed at its end, whatever that is. A target is made if it is missing; without `to` its old
 * content goes.
 *
 * @param source a file open for reading, the path of one, or a connection that nobody reads.
 * @param target a file open for writing, the path of one, or a connection.
 * @returns the transfer, which is under way. It is rejected with
 *   TypeError, RangeError: an argument that makes no sense, a range beyond the end of the source, ranges of one file
 *   that overlap; IoError ENOENT, EACCES and what else `open` says; EBADF: a file that is closed or not open for this;
 *   EINVAL: one that is `direct`; Error: the source is being read or joined; in all these cases no byte has moved;
 *   IoError ENOSPC, EDQUOT, EFBIG, EIO: what the system said then; what a connection broke with.
 */
export function copy(source: FileEnd, target: FileEnd, options?: FileCopyOptions): Transfer;
export function copy(source: FileEnd, target: Connection, options?: FileToStreamCopyOptions): Transfer;
export function copy(source: Connection, target: FileEnd, options?: StreamToFileCopyOptions): Transfer;
export function copy(source: Connection, target: Connection, options?: StreamCopyOptions): Transfer<RelayAccount>;
export function copy(source: FileEnd, target: BufferedEnd, options?: FileToStreamCopyOptions): Transfer;
export function copy(source: BufferedEnd, target: FileEnd, options?: StreamToFileCopyOptions): Transfer;
export function copy(
  source: Connection | BufferedEnd,
  target: Connection | BufferedEnd,
  options?: StreamCopyOptions,
): Transfer<RelayAccount>;
export function copy(
  source: FileEnd | Connection | BufferedEnd,
  target: FileEnd | Connection | BufferedEnd,
  options: TransferOptions = {},
): Transfer | Transfer<RelayAccount> {
  if (isBuffered(source) || isBuffered(target)) return copyByBuffers(source, target, options);
  if (source instanceof Connection) {
    if (target instanceof Connection) return copyWith(nativeRelayCalls(), source, target, options);
    return copyFromConnection(source, target, options);
  }
  if (target instanceof Connection) return copyToConnection(source, target, options);
  return copyFile(source, target, options);
}

/** @internal `copy` of two connections, with a kernel that the caller gives. */
export function copyWith(
  calls: RelayCalls,
  source: Connection,
  target: Connection,
  options: StreamCopyOptions = {},
): Transfer<RelayAccount> {
  return startTransfer({
    engine: new OneWay(source, target, calls),
    table: STREAM_COPY_OPTIONS,
    options,
    prepare: ({ length }) => {
      checkSource('source', source);
      checkSink('target', target);
      if (source.reactor === target.reactor) return length;
      throw new TypeError('source, target: of different reactors; allowed: of the same');
    },
  });
}

function copyToConnection(source: FileEnd, target: Connection, options: FileToStreamCopyOptions): Transfer {
  return startTransfer({
    engine: new FileToSocket(target, { sinkName: 'target' }),
    table: FILE_TO_STREAM_OPTIONS,
    options,
    prepare: ({ from, length }) => {
      checkFileEnd('source', source);
      checkSink('target', target);
      target.writes.checkTurn('target', 0);
      const part = { offset: from, length };
      return isPath(source) ? pathSending('source', source, part) : fileSending(source, part);
    },
  });
}

function copyFromConnection(source: Connection, target: FileEnd, options: StreamToFileCopyOptions): Transfer {
  const engine = new SocketToFile(source);
  const check = ({ to, length }: StreamToFileValues): void => {
    checkSource('source', source);
    checkFileEnd('target', target);
    if (length !== Infinity) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - to);
  };
  const table = STREAM_TO_FILE_OPTIONS;
  if (!isPath(target)) {
    const prepare = (values: StreamToFileValues) => {
      check(values);
      return fileReceiving(target, values);
    };
    return startTransfer({ engine, table, options, prepare });
  }
  const prepare = (values: StreamToFileValues) => {
    check(values);
    return async (files: OpenedFiles) => {
      const file = await files.open(target, options.to === undefined ? 'w' : 'rw');
      checkSource('source', source);
      return fileReceiving(file, values);
    };
  };
  return startTransfer({ engine: new OpenedFirst(engine, new OpenedFiles()), table, options, prepare });
}

function copyFile(source: FileEnd, target: FileEnd, options: FileCopyOptions): Transfer {
  const engine = new FileToFile(diskPool, nativeFileCopyCalls);
  const check = ({ from, to, length }: FileCopyValues): void => {
    if (length !== undefined) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - Math.max(from, to));
    checkFileEnd('source', source);
    checkFileEnd('target', target);
  };
  const table = FILE_COPY_OPTIONS;
  if (!isPath(source) && !isPath(target)) {
    const prepare = (values: FileCopyValues) => {
      check(values);
      return fileCopyPlan(source, target, values);
    };
    return startTransfer({ engine, table, options, prepare });
  }
  const prepare = (values: FileCopyValues) => {
    check(values);
    return async (files: OpenedFiles) => {
      // The target is not even made if there is nothing to copy.
      const from = await files.open(source, 'r');
      const to = await files.open(target, 'rw');
      return fileCopyPlan(from, to, values, isPath(target) && options.to === undefined);
    };
  };
  return startTransfer({ engine: new OpenedFirst(engine, new OpenedFiles()), table, options, prepare });
}

/** @param empties whether the target's old content goes, once all is known to be right. */
function fileCopyPlan(source: DiskFile, target: DiskFile, values: FileCopyValues, empties = false): FileCopyPlan {
  const release = hold(source, target);
  return { copy: fileCopy(source, target, values, empties), release };
}

type FileCopyValues = OptionValues<typeof FILE_COPY_OPTIONS>;

/** Has both files wait with their closing. @returns what ends that. */
function hold(source: DiskFile, target: DiskFile): () => void {
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
  { from, to, length }: FileCopyValues,
  empties: boolean,
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
  // Emptying a file would take what is to be copied from it.
  checkOverlap(sourceEnd, targetEnd, empties ? Infinity : lengthBytes);
  if (empties && targetEnd.stat.sizeBytes > 0) await target.truncate(0);
  const emptied = { ...targetEnd, stat: { ...targetEnd.stat, sizeBytes: 0 } };
  return { source: sourceEnd, target: empties ? emptied : targetEnd, isMadeUp: madeUp, lengthBytes };
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
