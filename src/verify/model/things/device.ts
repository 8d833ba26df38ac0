/** /dev/null and its like: they never block, so there is nothing to wait for. */
import type { Filter, Knote } from '../knote.js';
import { Refusal } from '../refusal.js';
import { OpenFile, type DescriptorFilter } from './open-file.js';

export const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'] as const;
export type DeviceName = (typeof DEVICES)[number];

const alwaysReady: Filter = {
  watchesDescriptor: true,
  attach: () => {},
  detach: () => {},
  event(knote: Knote): boolean {
    knote.data = 0;
    return true;
  },
};

export class DeviceFile extends OpenFile {
  constructor(
    private readonly name: DeviceName,
    private readonly access: { readonly reads: boolean; readonly writes: boolean },
    private readonly isWatched: boolean,
  ) {
    super();
  }

  filterFor(kind: DescriptorFilter): Filter {
    if (!this.isWatched) throw new Refusal('ENODEV');
    if (kind !== 'READ' && kind !== 'WRITE') throw new Refusal('EOPNOTSUPP');
    return alwaysReady;
  }

  /** Of those with content only its length is known to programs. */
  read(mostBytes: number): Uint8Array {
    if (!this.access.reads) throw new Refusal('EBADF');
    return new Uint8Array(this.name === 'null' ? 0 : mostBytes);
  }

  write(bytes: Uint8Array): number {
    if (!this.access.writes) throw new Refusal('EBADF');
    if (this.name === 'full') throw new Refusal('ENOSPC');
    return bytes.length;
  }

  closed(): void {
    // Nobody is told.
  }
}
