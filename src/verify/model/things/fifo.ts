/** A named pipe: one buffer for all that have it open, whose end comes and goes with its readers and writers. */
import type { Filter } from '../knote.js';
import { Refusal } from '../refusal.js';
import { OpenFile, type DescriptorFilter } from './open-file.js';
import { PipeBuffer, PipeReadFilter, PipeWriteFilter } from './pipe.js';
import { Vnode, VnodeFilter } from './vnode.js';

const CAPACITY_BYTES = 16_384;

export class FifoVnode extends Vnode {
  readonly size = 0;
  readonly buffer = new PipeBuffer(CAPACITY_BYTES);
  readers = 0;
  writers = 0;
  /** How many writers there ever were; a reader sees an end only of those that it could have heard. */
  generation = 0;
}

export class FifoFile extends OpenFile {
  private readonly generation: number;

  /** @throws Refusal ENXIO: nobody reads. */
  constructor(
    private readonly vnode: FifoVnode,
    private readonly reads: boolean,
    private readonly writes: boolean,
  ) {
    super();
    if (writes && !reads && vnode.readers === 0) throw new Refusal('ENXIO');
    this.generation = vnode.generation - vnode.writers;
    if (reads) {
      if (vnode.readers++ === 0) vnode.buffer.isOver = false;
    }
    if (writes) {
      vnode.generation++;
      if (vnode.writers++ === 0) vnode.buffer.isOver = false;
    }
  }

  read(mostBytes: number): Uint8Array {
    if (!this.reads) throw new Refusal('EBADF');
    const { buffer } = this.vnode;
    // Without a writer there is an end, whether or not anybody ever wrote.
    if (buffer.bytes.length === 0 && this.vnode.writers === 0) return new Uint8Array(0);
    return buffer.read(mostBytes);
  }

  write(bytes: Uint8Array): number {
    if (!this.writes) throw new Refusal('EBADF');
    return this.vnode.buffer.write(bytes);
  }

  filterFor(kind: DescriptorFilter): Filter {
    const { vnode } = this;
    if (kind === 'VNODE') return new VnodeFilter(vnode);
    if (kind === 'READ') return new PipeReadFilter(vnode.buffer, () => this.generation !== vnode.generation);
    if (kind === 'WRITE') return new PipeWriteFilter(vnode.buffer);
    throw new Refusal('EINVAL');
  }

  closed(): void {
    const { vnode } = this;
    if (this.reads && --vnode.readers === 0) vnode.buffer.isOver = true;
    if (this.writes && --vnode.writers === 0) vnode.buffer.isOver = true;
    vnode.buffer.watchers.notify();
    if (vnode.readers === 0 && vnode.writers === 0) vnode.buffer.bytes.clear();
  }
}
