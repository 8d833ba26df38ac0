/** What a descriptor stands for. Duplicates share one. */
import type { Filter } from '../knote.js';
import { Refusal } from '../refusal.js';

export type DescriptorFilter = 'READ' | 'WRITE' | 'EMPTY' | 'EXCEPT' | 'VNODE';

export abstract class OpenFile {
  /** Descriptors that stand for it. */
  references = 0;

  /** @throws Refusal EINVAL, ENODEV, EPIPE: it can't be watched for this. */
  abstract filterFor(kind: DescriptorFilter): Filter;

  /** The last descriptor was closed. */
  abstract closed(): void;

  /** @returns no bytes at the end. @throws Refusal */
  read(_mostBytes: number): Uint8Array {
    throw new Refusal('EINVAL');
  }

  /** @returns how many of the bytes were taken. @throws Refusal */
  write(_bytes: Uint8Array): number {
    throw new Refusal('EINVAL');
  }
}
