/** posix_spawn(3) and waitpid(2): children that the runtime knows nothing of, and so neither watches nor reaps. */
import process from 'node:process';
import { errno, declare } from '../ffi/libc.js';
import { EINTR } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { O_RDWR } from '../file/file-constants.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';

const posixSpawn = declare<
  (pid: number, path: number, actions: number, attributes: number, argv: number, env: number) => number
>('posix_spawn', 'int', ['uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t']);
const waitPid = declare<(pid: number, status: number, options: number) => number>('waitpid', 'int', [
  'int',
  'uintptr_t',
  'int',
]);

const initActions = declare<(actions: number) => number>('posix_spawn_file_actions_init', 'int', ['uintptr_t']);
const destroyActions = declare<(actions: number) => number>('posix_spawn_file_actions_destroy', 'int', ['uintptr_t']);
const addOpen = declare<(actions: number, fd: number, path: number, flags: number, mode: number) => number>(
  'posix_spawn_file_actions_addopen',
  'int',
  ['uintptr_t', 'int', 'uintptr_t', 'int', 'uint'],
);

const WNOHANG = 1;
/** More than any system's posix_spawn_file_actions_t has: 80 bytes on Linux, a pointer on the BSDs. */
const ACTIONS_BYTES = 256;
const STANDARD_DESCRIPTORS = [0, 1, 2];
const word = new NativeBlock(8);

/**
 * Starts a program with this environment, with /dev/null for its standard input and output, and with all other
 * descriptors that are not close-on-exec.
 *
 * @param args from the first after the program's name.
 * @returns its number. The caller reaps it by `reapChild`. @throws IoError
 */
export function spawnChild(path: string, args: readonly string[]): number {
  const argv = stringsOf([path, ...args]);
  const env = stringsOf(Object.entries(process.env).map(([name, value]) => `${name}=${value}`));
  const nowhere = stringsOf(['/dev/null']);
  const { address: actions } = new NativeBlock(ACTIONS_BYTES);
  initActions(actions);
  for (const fd of STANDARD_DESCRIPTORS) addOpen(actions, fd, nowhere.first, O_RDWR, 0);
  const failure = posixSpawn(word.address, argv.first, actions, 0, argv.address, env.address);
  destroyActions(actions);
  if (failure !== 0) throw new IoError(failure, 'posix_spawn', path);
  return word.i32[0];
}

/** The wait status of a child that has ended, which is gone then; undefined while it lives. @throws IoError ECHILD */
export function reapChild(pid: number, wait: 'wait' | 'look'): number | undefined {
  for (;;) {
    const reaped = waitPid(pid, word.address, wait === 'look' ? WNOHANG : 0);
    if (reaped === pid) return word.i32[0];
    if (reaped === 0) return undefined;
    if (errno() !== EINTR) throw new IoError(errno(), 'waitpid', `process ${pid}`);
  }
}

/** A list of C strings that ends with NULL. */
interface Strings {
  readonly address: number;
  readonly first: number;
  /** Keeps the memory. */
  readonly block: NativeBlock;
}

function stringsOf(texts: readonly string[]): Strings {
  const encoded = texts.map(text => Buffer.from(`${text}\0`));
  const listBytes = (texts.length + 1) * 8;
  const block = new NativeBlock(encoded.reduce((sum, { length }) => sum + length, listBytes));
  let offset = listBytes;
  encoded.forEach((bytes, index) => {
    storeWord(block.u32, 2 * index, block.address + offset);
    block.bytes.set(bytes, offset);
    offset += bytes.length;
  });
  return { address: block.address, first: block.address + listBytes, block };
}
