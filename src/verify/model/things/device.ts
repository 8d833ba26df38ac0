/** /dev/null and its like: they never block, so there is nothing to wait for. */
import type { Filter } from '../knote.js';
import { Refusal } from '../refusal.js';
import { OpenFile } from './open-file.js';

export const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'] as const;
export type DeviceName = (typeof DEVICES)[number];

export class DeviceFile extends OpenFile {
  constructor(
    private readonly name: DeviceName,
    private readonly access: { readonly reads: boolean; readonly writes: boolean },
  ) {
    super();
  }

  filterFor(): Filter {
    throw new Refusal('ENODEV');
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
