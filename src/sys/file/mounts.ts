/**
 * In which mount a descriptor lies, and what is mounted there: out of /proc, so that the file system itself, which
 * may be at the other end of a network, is not asked. Linux only; elsewhere nothing is known.
 */
import { readSync } from 'node:fs';
import { O_CLOEXEC } from '../ffi/constants.js';
import { AT_FDCWD, O_RDONLY } from './file-constants.js';
import { close, read } from './io.js';
import { declare, hasFunction } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { holder, owners } from './owned-descriptors.js';
import { platform } from '../ffi/platform.js';
import { deviceNumber } from './statx.js';
import { poll, PollfdArray, POLLPRI } from '../poll/poll.js';

export interface Mount {
  /** st_dev of what is in it; of btrfs another one. */
  readonly device: number;
  /** The root of the mount, as a path. */
  readonly path: string;
  /** 'ext4', 'nfs4', 'fuse.sshfs'. */
  readonly type: string;
  /** Of the file system, not of the mount: the layers of an overlay are among them. */
  readonly options: string;
}

type Openat = (directory: number, path: number, flags: number, mode: number) => number;
const openat =
  platform === 'linux' && hasFunction('openat')
    ? declare<Openat>('openat', 'int', ['int', 'uintptr_t', 'int', 'int'])
    : undefined;

const path = new NativeBlock(64);
const pathBuffer = Buffer.from(path.bytes.buffer);
const text = new NativeBlock(512);
const textBuffer = Buffer.from(text.bytes.buffer);
const MOUNT_ID = 'mnt_id:';

/** /proc makes its files up out of memory: opening and reading one waits for nothing. */
function openOfProc(name: string): number {
  if (openat === undefined) return -1;
  path.bytes[pathBuffer.write(name)] = 0;
  const fd = openat(AT_FDCWD, path.address, O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) owners[fd] = holder;
  return fd;
}

/** @returns undefined where nobody tells. */
export function mountIdOf(fd: number): number | undefined {
  const info = openOfProc(`/proc/self/fdinfo/${fd}`);
  if (info < 0) return undefined;
  const length = read(info, text.address, text.lengthBytes);
  close(info);
  if (length <= 0) return undefined;
  const lines = textBuffer.toString('latin1', 0, length);
  const start = lines.indexOf(MOUNT_ID);
  return start < 0 ? undefined : Number.parseInt(lines.slice(start + MOUNT_ID.length), 10);
}

/** What is mounted, read again whenever that has changed. */
export class MountTable {
  private file = -1;
  private mounts = new Map<number, Mount>();
  private readonly polled = new PollfdArray(1);

  /** Counts the changes that were seen. */
  version = 0;

  get(mountId: number): Mount | undefined {
    this.refresh();
    return this.mounts.get(mountId);
  }

  /** The mount in which an absolute path without links lies. */
  at(absolutePath: string): Mount | undefined {
    let found: Mount | undefined;
    for (const mount of this.mounts.values()) {
      const folder = mount.path === '/' ? '/' : `${mount.path}/`;
      if (`${absolutePath}/`.startsWith(folder) && mount.path.length >= (found?.path.length ?? 0)) found = mount;
    }
    return found;
  }

  /** The kernel tells of a change by POLLPRI, once. The file stays open for that. */
  refresh(): void {
    if (this.file < 0) {
      this.file = openOfProc('/proc/self/mountinfo');
      if (this.file < 0) return;
      this.polled.set(0, this.file, POLLPRI);
    } else if (poll(this.polled, 1, 0) === 0) {
      return;
    }
    this.version++;
    this.mounts = parse(readWhole(this.file));
  }
}

function readWhole(file: number): string {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(64 * 1024);
    const bytes = readSync(file, piece, 0, piece.length, length);
    if (bytes === 0) return Buffer.concat(pieces).toString();
    pieces.push(piece.subarray(0, bytes));
    length += bytes;
  }
}

/**
 * See proc_pid_mountinfo(5): number, parent, device, root, path, options, optional fields, '-', type, source, options.
 */
function parse(lines: string): Map<number, Mount> {
  const mounts = new Map<number, Mount>();
  for (const line of lines.split('\n')) {
    const [first, second] = line.split(' - ', 2);
    if (second === undefined) continue;
    const [id, , device, , at] = first.split(' ');
    const [type, , options] = second.split(' ');
    const [major, minor] = device.split(':').map(Number);
    mounts.set(Number(id), { device: deviceNumber(major, minor), path: unescape(at), type, options });
  }
  return mounts;
}

/** Blanks are written as \040. */
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
