/** A file, or a part of it, to a connection. */
import { isUint8Array } from '../../base/kinds.js';
import { checkAccess } from '../../core/disk/access.js';
import { statOf } from '../../core/disk/open-file.js';
import { placeOf, type Place } from '../../core/disk/place.js';
import { diskPool } from '../../core/disk/pool.js';
import { saysNoSize } from '../../core/disk/regular-file.js';
import { MovedParts } from '../../core/memory/moved-parts.js';
import type { FileRange } from '../../core/operations/send-file.js';
import { TransferAccount } from '../../core/transfers/account.js';
import { FileToSocket, type FileSending } from '../../core/transfers/files/file-to-socket.js';
import { fstatNow, type FileStat } from '../../sys/file/file-stat.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { statusFlags } from '../../sys/file/io.js';
import { checkInteger, kindOf, MAX_DESCRIPTOR, pathOf, shown } from '../../base/arguments.js';
import { anything, integer, type OptionTable, type OptionValues } from '../../base/options.js';
import type { Connection } from '../stream/connection.js';
import { DiskFile } from '../file/disk-file.js';
import { checkSendable, type Sendable } from '../socket/sendable.js';
import { BufferedCopy } from './buffered/buffered-copy.js';
import { filePlan } from './buffered/buffered-ends.js';
import { isBuffered, type BufferedEnd } from './buffered/port.js';
import { isPath, OpenedFiles } from './file-ends.js';
import { checkSink } from './transfer-ends.js';
import { startTransfer, TRANSFER_OPTIONS, type Transfer, type TransferOptions } from './transfer.js';

/** Options of `sendFile`. */
export interface SendFileOptions extends TransferOptions {
  /** Where in the file to begin, in bytes. Default 0. At or after the end of the file there is nothing to send. */
  readonly offset?: number;
  /** How many bytes. Default: up to where the file ends now. */
  readonly length?: number;
  /** What goes right before the file, in the same packet where the system can: a header. Lists are moved. */
  readonly before?: Sendable | readonly Sendable[];
  /** What goes right behind the file. Lists are moved. */
  readonly after?: Sendable | readonly Sendable[];
}

const SEND_FILE_OPTIONS = {
  ...TRANSFER_OPTIONS,
  offset: integer(0, Number.MAX_SAFE_INTEGER, 0),
  length: anything<number>(),
  before: anything<Sendable | readonly Sendable[]>(),
  after: anything<Sendable | readonly Sendable[]>(),
} satisfies OptionTable<SendFileOptions>;

type SendFileValues = OptionValues<typeof SEND_FILE_OPTIONS>;

/** What is to be sent of a file. */
type FilePart = Pick<SendFileValues, 'offset'> & Pick<SendFileOptions, 'length' | 'before' | 'after'>;

/** A file that is open for reading: a `DiskFile`, or whatever else has a descriptor. */
export interface OpenFile {
  readonly fd: number;
}

/**
 * Sends a file to a connection: by sendfile(2) where the system can, without the bytes ever coming into this process,
 * by buffers otherwise, as to a `SecureConnection`. What `send` took before goes before it, what `send` takes from now
 * on goes behind it. A file that is not in memory is read ahead by a thread of the pool, so that a disk keeps nobody
 * waiting.
 *
 * The number of bytes is settled when it begins. A file that grows meanwhile sends no more than that. One that is cut
 * short can't: the transfer fails with EIO and the connection is reset, since nobody could tell where the missing bytes
 * were. What sendfile(2) has taken are the file's own pages: a write to that part of the file before it has gone out
 * changes what goes out. To replace a file that is being served, rename a new one over it.
 *
 * Cancelled, it stops where it is and the account says where that is. The connection stays yours: if the peer was
 * promised more, reset it.
 *
 * @example
 *     const { bytes, path } = await sendFile(connection, 'public/movie.mp4', { before: head });
 *
 * @param file its path, or a file that is open for reading. A file of that path is opened, and closed when the transfer
 *   is over; an open one stays yours. A `DiskFile` may be closed at once, which waits for the transfer; anything else
 *   has to stay open until it is over.
 * @returns the transfer, which is under way. It is rejected with
 *   TypeError, RangeError: an argument that makes no sense, a range that goes beyond the end of the file;
 *   IoError EISDIR, EINVAL: a directory, FIFO, socket or device in place of a file; EBADF: it is closed, or not open
 *   for reading; EINVAL, too: it is `direct`; IoError EPIPE: the write side of the connection was ended; in all these
 *   cases no byte has moved; IoError EIO: the disk failed or the file was cut short; ECONNRESET, EPIPE, ETIMEDOUT: the
 *   connection broke.
 */
export function sendFile(
  connection: Connection | BufferedEnd,
  file: OpenFile | string | URL,
  options: SendFileOptions = {},
): Transfer {
  if (isBuffered(connection)) {
    const engine = new BufferedCopy(new TransferAccount('buffers'));
    const prepare = (values: SendFileValues) => filePlan(fileToSend(file, values), connection, 'connection');
    return startTransfer({ engine, table: SEND_FILE_OPTIONS, options, prepare });
  }
  const engine = new FileToSocket(connection);
  const prepare = (values: SendFileValues) => plan(connection, file, values);
  return startTransfer({ engine, table: SEND_FILE_OPTIONS, options, prepare });
}

/** @throws what is wrong with what the user gave: nothing has begun then. */
function plan(connection: Connection, file: OpenFile | string | URL, options: SendFileValues): FileSending {
  checkSink('connection', connection);
  const before = partsOf('before', options.before);
  const after = partsOf('after', options.after);
  connection.writes.checkTurn('connection', lengthOf(before) + lengthOf(after));
  return fileToSend(file, options);
}

function fileToSend(file: OpenFile | string | URL, options: SendFileValues): FileSending {
  return isPath(file) ? pathSending('file', file, options) : openFileSending(file, options);
}

/**
 * @internal What is to be sent of a file that is opened for it: its turn on the connection comes before it is open.
 *
 * @throws TypeError it is no path. What else is wrong is told by the range.
 */
export function pathSending(name: string, path: string | URL, options: FilePart): FileSending {
  pathOf(name, path);
  checkLength(options);
  const files = new OpenedFiles();
  const range = files.open(path, 'r').then(({ descriptor, statAtOpen }) => {
    const { fd, place, flags, target } = descriptor;
    return rangeWithin({ fd, name: target, flags }, statAtOpen, place.isLocal, options);
  });
  // Closing a file that was only read has nothing to tell.
  const releaseFile = () => void files.close().catch(() => {});
  return { ...partsAround(range, options), releaseFile };
}

/** @internal What is to be sent of an open file. @throws what is wrong with the file or the range. */
export function openFileSending(file: OpenFile, options: FilePart): FileSending {
  if (file instanceof DiskFile) return fileSending(file, options);
  checkDescriptor(file);
  return sending({ fd: file.fd, name: `descriptor ${file.fd}` }, options);
}

/**
 * @internal What is to be sent of an open DiskFile, which waits with its closing for it.
 * @throws IoError EBADF: it is closed.
 */
export function fileSending({ descriptor, path }: DiskFile, options: FilePart): FileSending {
  descriptor.enter('sendfile');
  const releaseFile = () => descriptor.leave();
  try {
    const { fd, place, flags } = descriptor;
    return { ...sending({ fd, name: path, place, flags }, options), releaseFile };
  } catch (error) {
    releaseFile();
    throw error;
  }
}

interface NamedFile extends OpenFile {
  readonly name: string;
  /** Where it lies, if that is known. */
  readonly place?: Place;
  /** O_... that it was opened with, if that is known. */
  readonly flags?: number;
}

function sending(file: NamedFile, options: FilePart): FileSending {
  return partsAround(fileRange(file, options), options);
}

function partsAround(range: FileSending['range'], options: FilePart): FileSending {
  const parts = [partsOf('before', options.before), partsOf('after', options.after)].map(ownParts);
  // Lists are moved, so all that is known has to be right by now; what is refused later gives them back.
  const [before, after] = parts.map(each => new MovedParts(each));
  const giveBack = (): void => {
    before.giveBack();
    after.giveBack();
  };
  return { range, before: before.list, after: after.list, giveBack };
}

function checkDescriptor(file: OpenFile): void {
  const allowed = 'allowed: a path, a DiskFile, or another object whose fd is the descriptor of an open file';
  if (typeof file !== 'object' || file === null) throw new TypeError(`file: ${kindOf(file)}; ${allowed}`);
  // What was closed has -1, in Node too.
  if (file.fd === -1) throw new IoError('EBADF', 'sendfile', 'descriptor -1', 'the file is closed');
  if (!Number.isInteger(file.fd) || file.fd < 0 || file.fd > MAX_DESCRIPTOR)
    throw new TypeError(`file: its fd is ${shown(file.fd)}; ${allowed}`);
}

/**
 * What to send of the file, at once where its file system answers from memory.
 *
 * @throws what is wrong with the file or the range, by the promise if it is one.
 */
function fileRange(file: NamedFile, options: FilePart): FileRange | Promise<FileRange> {
  checkLength(options);
  const opened = { fd: file.fd, place: file.place ?? placeOf(file.fd) };
  const rangeOf = (stat: FileStat | number): FileRange => {
    if (typeof stat === 'number') throw new IoError(-stat, 'fstat', file.name);
    return rangeWithin(file, stat, opened.place.isLocal, options);
  };
  return opened.place.isLocal ? rangeOf(fstatNow(file.fd)) : statOf(diskPool, opened).then(rangeOf);
}

/** @throws RangeError */
function checkLength({ offset, length }: FilePart): void {
  if (length !== undefined) checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER - offset);
}

function rangeWithin(
  { fd, name: path, flags = statusFlags(fd) }: NamedFile,
  stat: FileStat,
  isLocal: boolean,
  { offset, length }: FilePart,
): FileRange {
  checkKind(path, stat);
  // Before what goes before it has gone.
  checkAccess(flags, 'reading', 'sendfile', path);
  const { sizeBytes, device } = stat;
  const range = { fd, device, path, offset, isRemote: !isLocal };
  if (!isLocal && saysNoSize(stat)) return { ...range, lengthBytes: length ?? Infinity };
  if (length !== undefined && length > 0 && offset + length > sizeBytes) {
    throw new RangeError(
      `length: ${length} from ${offset}; allowed: up to the end of the file, which has ${sizeBytes} bytes`,
    );
  }
  return { ...range, lengthBytes: length ?? Math.max(0, sizeBytes - offset) };
}

function checkKind(path: string, { kind }: FileStat): void {
  if (kind === 'file') return;
  const shownKind =
    kind === 'directory'
      ? 'a directory'
      : kind === 'fifo'
        ? 'a pipe or FIFO'
        : kind === 'socket'
          ? 'a socket'
          : 'a device';
  const explanation = `it is ${shownKind}; only regular files are sent`;
  throw new IoError(kind === 'directory' ? 'EISDIR' : 'EINVAL', 'sendfile', path, explanation);
}

/** @throws TypeError */
function partsOf(name: string, parts: Sendable | readonly Sendable[] | undefined): readonly Sendable[] {
  if (parts === undefined) return [];
  const all = Array.isArray(parts) ? (parts as readonly Sendable[]) : [parts as Sendable];
  for (const part of all) checkSendable(name, part, 'string, Uint8Array, BufferList, or an array of them');
  return all;
}

function lengthOf(parts: readonly Sendable[]): number {
  return parts.reduce((total, part) => total + (typeof part === 'string' ? Buffer.byteLength(part) : part.length), 0);
}

/** Arrays are copied, so that they are their owner's again at once. */
function ownParts(parts: readonly Sendable[]): readonly Sendable[] {
  // Exactly as long as it is: `appendCopy` takes memory for more to come.
  return parts.map(part => (isUint8Array(part) ? new Uint8Array(part) : part));
}
