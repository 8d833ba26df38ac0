/** Files and directories as kqueue sees them: what happens to one is told to those who watch it. */
import type { Filter, Knote } from '../knote.js';
import { WatcherList } from '../watcher-list.js';
import { Refusal } from '../refusal.js';
import { OpenFile, type DescriptorFilter } from './open-file.js';

export const NOTE_DELETE = 0x1;
export const NOTE_WRITE = 0x2;
export const NOTE_EXTEND = 0x4;
export const NOTE_ATTRIB = 0x8;
export const NOTE_LINK = 0x10;
export const NOTE_RENAME = 0x20;
export const NOTE_OPEN = 0x80;
export const NOTE_CLOSE = 0x100;
export const NOTE_CLOSE_WRITE = 0x200;
export const NOTE_READ = 0x400;
/** Asked of READ on a file: report the end of the file too. */
const NOTE_FILE_POLL = 0x2;

export abstract class Vnode {
  readonly watchers = new WatcherList();
  links = 1;
  abstract readonly size: number;
}

export class FileVnode extends Vnode {
  bytes: Uint8Array = new Uint8Array(0);

  get size(): number {
    return this.bytes.length;
  }

  resize(lengthBytes: number): void {
    const bytes = new Uint8Array(lengthBytes);
    bytes.set(this.bytes.subarray(0, lengthBytes));
    this.bytes = bytes;
  }
}

export class DirectoryVnode extends Vnode {
  readonly entries = new Map<string, Vnode>();

  /** @param emptyBytes what an empty directory takes on this file system. */
  constructor(private readonly emptyBytes: number) {
    super();
  }

  get size(): number {
    return this.emptyBytes;
  }
}

/** An open file or directory. */
export class VnodeFile extends OpenFile {
  offset = 0;

  constructor(
    readonly vnode: Vnode,
    private readonly access: { reads: boolean; writes: boolean; appends: boolean; isPath: boolean },
  ) {
    super();
    if (!access.isPath) vnode.watchers.notify(NOTE_OPEN);
  }

  read(mostBytes: number): Uint8Array {
    const { vnode } = this;
    if (!this.access.reads) throw new Refusal('EBADF');
    if (!(vnode instanceof FileVnode)) throw new Refusal('EISDIR');
    const bytes = vnode.bytes.slice(this.offset, this.offset + mostBytes);
    this.offset += bytes.length;
    vnode.watchers.notify(NOTE_READ);
    return bytes;
  }

  write(bytes: Uint8Array): number {
    const { vnode } = this;
    if (!this.access.writes || !(vnode instanceof FileVnode)) throw new Refusal('EBADF');
    if (this.access.appends) this.offset = vnode.size;
    const end = this.offset + bytes.length;
    const grows = end > vnode.size;
    if (grows) vnode.resize(end);
    vnode.bytes.set(bytes, this.offset);
    this.offset = end;
    vnode.watchers.notify(grows ? NOTE_WRITE | NOTE_EXTEND : NOTE_WRITE);
    return bytes.length;
  }

  filterFor(kind: DescriptorFilter): Filter {
    switch (kind) {
      case 'READ':
        return new FileReadFilter(this);
      case 'WRITE':
        return new FileWriteFilter(this.vnode);
      case 'VNODE':
        return new VnodeFilter(this.vnode);
      default:
        throw new Refusal('EINVAL');
    }
  }

  closed(): void {
    if (!this.access.isPath) this.vnode.watchers.notify(this.access.writes ? NOTE_CLOSE_WRITE : NOTE_CLOSE);
  }
}

abstract class VnodeBoundFilter implements Filter {
  readonly watchesDescriptor = true;

  constructor(protected readonly vnode: Vnode) {}

  abstract event(knote: Knote, hint: number): boolean;

  attach(knote: Knote): void {
    this.vnode.watchers.add(knote);
  }

  detach(knote: Knote): void {
    this.vnode.watchers.remove(knote);
  }
}

class FileReadFilter extends VnodeBoundFilter {
  constructor(private readonly file: VnodeFile) {
    super(file.vnode);
  }

  event(knote: Knote): boolean {
    knote.data = this.vnode.size - this.file.offset;
    return knote.data !== 0 || (knote.askedFflags & NOTE_FILE_POLL) !== 0;
  }
}

class FileWriteFilter extends VnodeBoundFilter {
  event(knote: Knote): boolean {
    knote.data = 0;
    return true;
  }
}

export class VnodeFilter extends VnodeBoundFilter {
  event(knote: Knote, hint: number): boolean {
    knote.fflags |= knote.askedFflags & hint;
    return knote.fflags !== 0;
  }
}
