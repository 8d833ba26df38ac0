/** Opening files, which waits for the disk as reading does. */
import { queueMicrotask } from '../../base/runtime-functions.js';
import { blockingCall, type Done } from '../ffi/blocking-call.js';
import { RESOLVE_CACHED } from './file-constants.js';
import { declare, declareBlocking, errno } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { arch, platform } from '../ffi/platform.js';
import { EAGAIN, ENOSYS } from '../ffi/errno.js';
import { holder, own, owners } from './owned-descriptors.js';

/** The same on every processor that Linux got it for at once, x86-64 and arm64 among them. */
const SYS_OPENAT2 = 437;
/** struct open_how: flags, mode, resolve; 64 bits each. */
const OPEN_HOW_BYTES = 24;
/** A link's target is at most a page. */
const TARGET_BYTES = 4096;

/** A path as the C library takes it. Keep it until the call that was given its address is done. */
export function pathBlock(path: string): NativeBlock {
  const bytes = Buffer.from(path);
  const block = new NativeBlock(bytes.length + 1);
  block.bytes.set(bytes);
  return block;
}

type Openat = (directory: number, path: NativeBlock, flags: number, mode: number, done: Done) => void;

const openatCall: Openat =
  platform === 'darwin' && arch === 'arm64'
    ? appleOpenat()
    : blockingCall<[directory: number, path: NativeBlock, flags: number, mode: number]>('openat', 'int', [
        'int',
        'uintptr_t',
        'int',
        'int',
      ]);

/**
 * openat(2). The number of the descriptor comes back by way of the loop of the thread that asked: if that is
 * terminated meanwhile, nobody learns it, and the descriptor stays open. No call that we know opens a file and stores
 * its number in memory that others see, and in /proc/self/fd it can't be told from one that Node has just opened.
 */
export function openat(directory: number, path: NativeBlock, flags: number, mode: number, done: Done): void {
  openatCall(directory, path, flags, mode, result => done(opened(result)));
}

function opened(result: number): number {
  if (result >= 0) own(result);
  return result;
}

/**
 * On Apple's arm64 a variadic argument lies on the stack whereas the others fill eight registers; koffi has no variadic
 * calls on the pool. With the registers filled up, the mode goes where it is looked for.
 */
function appleOpenat(): Openat {
  const types = ['int', 'uintptr_t', 'int', 'int', 'int', 'int', 'int', 'int', 'uint64_t'];
  const call = blockingCall<(number | NativeBlock)[]>('openat', 'int', types);
  return (directory, path, flags, mode, done) => call(directory, path, flags, 0, 0, 0, 0, 0, mode, done);
}

type Openat2 = [number: number, directory: number, path: NativeBlock, how: NativeBlock, howBytes: number];
const openat2Call =
  platform === 'linux'
    ? blockingCall<Openat2>('syscall', 'int64_t', ['int64_t', 'int', 'uintptr_t', 'uintptr_t', 'size_t'])
    : undefined;

/** openat2(2) of Linux 5.6 and later. ENOSYS elsewhere. @param resolve RESOLVE_... */
export function openat2(
  directory: number,
  path: NativeBlock,
  flags: number,
  mode: number,
  resolve: number,
  done: Done,
): void {
  if (openat2Call === undefined) {
    queueMicrotask(() => done(-ENOSYS));
    return;
  }
  const how = new NativeBlock(OPEN_HOW_BYTES);
  storeWord(how.u32, 0, flags);
  storeWord(how.u32, 2, mode);
  storeWord(how.u32, 4, resolve);
  openat2Call(SYS_OPENAT2, directory, path, how, OPEN_HOW_BYTES, result => done(opened(result)));
}

const openat2Now =
  platform === 'linux'
    ? declare<(number: number, directory: number, path: number, how: number, howBytes: number) => number>(
        'syscall',
        'int64_t',
        ['int64_t', 'int', 'uintptr_t', 'uintptr_t', 'size_t'],
      )
    : undefined;
const howNow = new NativeBlock(OPEN_HOW_BYTES);
/** The longest path that a system call takes, with its end. */
const pathNow = new NativeBlock(4096);
const pathBuffer = Buffer.from(pathNow.bytes.buffer);
const linkNow = new NativeBlock(TARGET_BYTES);
const linkBuffer = Buffer.from(linkNow.bytes.buffer);

/** @returns whether it fits. */
function storePath(path: string): boolean {
  // Three bytes at most for each unit of a string.
  if (path.length * 3 >= pathBuffer.length && Buffer.byteLength(path) >= pathBuffer.length) return false;
  pathBuffer[pathBuffer.write(path)] = 0;
  return true;
}

/**
 * openat2(2) with RESOLVE_CACHED (Linux 5.12), in this thread: opens what the kernel can find without asking a file
 * system.
 *
 * The look-up never waits; what follows is the file system's own open, which is nothing where `flags` has O_PATH and
 * may be a question to a server elsewhere.
 *
 * @param flags without O_CREAT and O_TRUNC, which the kernel refuses here.
 * @param resolve RESOLVE_... beside.
 * @returns a descriptor, or an errno with its sign turned: EAGAIN where the look-up would wait.
 */
export function openCached(directory: number, path: string, flags: number, resolve: number): number {
  if (openat2Now === undefined || !storePath(path)) return -EAGAIN;
  storeWord(howNow.u32, 0, flags);
  storeWord(howNow.u32, 4, resolve | RESOLVE_CACHED);
  const fd = openat2Now(SYS_OPENAT2, directory, pathNow.address, howNow.address, OPEN_HOW_BYTES);
  if (fd >= 0) owners[fd] = holder;
  return fd < 0 ? -errno() : fd;
}

const readlinkatNow = declare<(directory: number, path: number, target: number, roomBytes: number) => number>(
  'readlinkat',
  'int64_t',
  ['int', 'uintptr_t', 'uintptr_t', 'size_t'],
);

/**
 * Where a link points, in this thread.
 *
 * @param link a descriptor of the link itself, on a file system that answers from memory.
 * @returns undefined if it is no link.
 */
export function targetOf(link: number): string | undefined {
  pathBuffer[0] = 0;
  const length = readlinkatNow(link, pathNow.address, linkNow.address, linkNow.lengthBytes);
  return length < 0 ? undefined : linkBuffer.toString('utf8', 0, length);
}

type Readlinkat = [directory: number, path: NativeBlock, target: NativeBlock, roomBytes: number];
const readlinkatCall = blockingCall<Readlinkat>('readlinkat', 'int64_t', ['int', 'uintptr_t', 'uintptr_t', 'size_t']);

/** readlinkat(2). @param done told where the link points, or an errno with its sign turned (EINVAL: it is no link). */
export function readlinkat(directory: number, path: NativeBlock, done: (target: string | number) => void): void {
  const target = new NativeBlock(TARGET_BYTES);
  readlinkatCall(directory, path, target, TARGET_BYTES, result =>
    done(result < 0 ? result : Buffer.from(target.bytes.subarray(0, result)).toString()),
  );
}

const nativeClose = declare<(fd: number) => number>('close', 'int', ['int']);
const closeCall = declareBlocking<[fd: number]>('close', 'int', ['int']);

/**
 * close(2) of a file, which may wait for what was written (NFS). The number is free afterwards whatever it answers, so
 * it is never tried again.
 */
export function closeFile(fd: number, done: Done): void {
  owners[fd] = 0;
  closeCall(fd, (failure, result) => {
    if (failure !== null) throw failure;
    done(result < 0 ? -errno() : 0);
  });
}

/** close(2) in this thread: only of what waits for nothing. As `closeFile`. */
export function closeNow(fd: number): number {
  owners[fd] = 0;
  return nativeClose(fd) < 0 ? -errno() : 0;
}
