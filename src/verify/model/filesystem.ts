/** A tree of names, and what each operation on it tells those who watch (vop_*_post of FreeBSD's vfs_subr.c). */
import type { Profile } from './profile.js';
import { Refusal } from './refusal.js';
import { DEVICES, DeviceFile, type DeviceName } from './things/device.js';
import { FifoFile, FifoVnode } from './things/fifo.js';
import type { OpenFile } from './things/open-file.js';
import {
  DirectoryVnode,
  FileVnode,
  NOTE_ATTRIB,
  NOTE_DELETE,
  NOTE_EXTEND,
  NOTE_LINK,
  NOTE_RENAME,
  NOTE_WRITE,
  VnodeFile,
  type Vnode,
} from './things/vnode.js';

export type FilesystemKind = 'ufs' | 'tmpfs';
/** open(2): names of flags without their O_. */
export type OpenFlag =
  'RDONLY' | 'WRONLY' | 'RDWR' | 'NONBLOCK' | 'APPEND' | 'CREAT' | 'EXCL' | 'TRUNC' | 'DIRECTORY' | 'PATH' | 'CLOEXEC';

const UFS_DIRECTORY_BYTES = 512;

export class Filesystem {
  private readonly root: DirectoryVnode;

  constructor(
    private readonly kind: FilesystemKind,
    private readonly profile: Profile,
  ) {
    this.root = this.newDirectory();
  }

  open(path: string, flags: readonly OpenFlag[]): OpenFile {
    const writes = flags.includes('WRONLY') || flags.includes('RDWR');
    const reads = !flags.includes('WRONLY');
    const device = DEVICES.find(name => path === `/dev/${name}`);
    if (device !== undefined) return this.openDevice(device, flags, { reads, writes });
    const isPath = flags.includes('PATH');
    const [parent, name] = this.split(path);
    let vnode = parent.entries.get(name);
    if (vnode === undefined) {
      if (!flags.includes('CREAT')) throw new Refusal('ENOENT');
      vnode = this.enter(parent, name, new FileVnode());
    } else if (flags.includes('CREAT') && flags.includes('EXCL')) {
      throw new Refusal('EEXIST');
    } else if (flags.includes('TRUNC') && vnode instanceof FileVnode) {
      this.resize(vnode, 0);
    }
    if (vnode instanceof FifoVnode && !isPath) return new FifoFile(vnode, reads, writes);
    if (vnode instanceof DirectoryVnode && writes) throw new Refusal('EISDIR');
    if (!(vnode instanceof DirectoryVnode) && flags.includes('DIRECTORY')) throw new Refusal('ENOTDIR');
    return new VnodeFile(vnode, { reads, writes, appends: flags.includes('APPEND'), isPath });
  }

  private openDevice(
    name: DeviceName,
    flags: readonly OpenFlag[],
    access: { readonly reads: boolean; readonly writes: boolean },
  ): OpenFile {
    if (flags.includes('CREAT') && flags.includes('EXCL')) throw new Refusal('EEXIST');
    if (flags.includes('DIRECTORY')) throw new Refusal('ENOTDIR');
    return new DeviceFile(name, access, this.profile.watchesDevices);
  }

  has(path: string): boolean {
    const [parent, name] = this.split(path);
    return parent.entries.has(name);
  }

  /** The vnode at a path. @throws Refusal ENOENT, ENOTDIR */
  at(path: string): Vnode {
    const [parent, name] = this.split(path);
    const vnode = parent.entries.get(name);
    if (vnode === undefined) throw new Refusal('ENOENT');
    return vnode;
  }

  mkfifo(path: string): void {
    this.enter(...this.split(path), new FifoVnode());
  }

  mkdir(path: string): void {
    const [parent, name] = this.split(path);
    this.enter(parent, name, this.newDirectory(), NOTE_WRITE | NOTE_LINK);
  }

  rmdir(path: string): void {
    const [parent, name] = this.split(path);
    const vnode = this.at(path);
    if (!(vnode instanceof DirectoryVnode)) throw new Refusal('ENOTDIR');
    if (vnode.entries.size > 0) throw new Refusal('ENOTEMPTY');
    parent.entries.delete(name);
    parent.watchers.notify(NOTE_WRITE | NOTE_LINK);
    vnode.watchers.notify(NOTE_DELETE);
  }

  unlink(path: string): void {
    const [parent, name] = this.split(path);
    const vnode = this.at(path);
    if (vnode instanceof DirectoryVnode) throw new Refusal('EPERM');
    parent.entries.delete(name);
    vnode.links--;
    parent.watchers.notify(NOTE_WRITE);
    // Also while other names remain.
    vnode.watchers.notify(NOTE_DELETE);
  }

  link(path: string, to: string): void {
    const vnode = this.at(path);
    if (vnode instanceof DirectoryVnode) throw new Refusal('EPERM');
    this.enter(...this.split(to), vnode);
    vnode.links++;
    vnode.watchers.notify(NOTE_LINK);
  }

  rename(path: string, to: string): void {
    const vnode = this.at(path);
    const [parent, name] = this.split(path);
    const [target, targetName] = this.split(to);
    const replaced = target.entries.get(targetName);
    if (replaced === vnode) return;
    if (replaced instanceof DirectoryVnode && replaced.entries.size > 0) throw new Refusal('ENOTEMPTY');
    parent.entries.delete(name);
    target.entries.set(targetName, vnode);
    if (parent === target) {
      parent.watchers.notify(replaced instanceof DirectoryVnode ? NOTE_WRITE | NOTE_LINK : NOTE_WRITE);
    } else {
      const moved = vnode instanceof DirectoryVnode ? NOTE_LINK : 0;
      parent.watchers.notify(NOTE_WRITE | NOTE_EXTEND | moved);
      target.watchers.notify(NOTE_WRITE | NOTE_EXTEND | (replaced instanceof DirectoryVnode ? 0 : moved));
    }
    vnode.watchers.notify(NOTE_RENAME);
    replaced?.watchers.notify(NOTE_DELETE);
  }

  chmod(path: string): void {
    this.at(path).watchers.notify(NOTE_ATTRIB);
  }

  truncate(path: string, lengthBytes: number): void {
    const vnode = this.at(path);
    if (!(vnode instanceof FileVnode)) throw new Refusal('EISDIR');
    this.resize(vnode, lengthBytes);
  }

  /** A change of size by ftruncate is one of attributes, in both directions. */
  resize(vnode: FileVnode, lengthBytes: number): void {
    vnode.resize(lengthBytes);
    vnode.watchers.notify(NOTE_ATTRIB);
  }

  private newDirectory(): DirectoryVnode {
    return new DirectoryVnode(this.kind === 'ufs' ? UFS_DIRECTORY_BYTES : this.profile.tmpfsDirectoryBytes);
  }

  private enter(parent: DirectoryVnode, name: string, vnode: Vnode, hint = NOTE_WRITE): Vnode {
    if (parent.entries.has(name)) throw new Refusal('EEXIST');
    parent.entries.set(name, vnode);
    parent.watchers.notify(hint);
    return vnode;
  }

  /** The directory that a path ends in, and the name there. */
  private split(path: string): [DirectoryVnode, string] {
    const names = path.split('/').filter(name => name !== '' && name !== '.');
    const last = names.pop();
    if (last === undefined) throw new Refusal('EEXIST');
    let directory = this.root;
    for (const name of names) {
      const next = directory.entries.get(name);
      if (next === undefined) throw new Refusal('ENOENT');
      if (!(next instanceof DirectoryVnode)) throw new Refusal('ENOTDIR');
      directory = next;
    }
    return [directory, last];
  }
}
