/** What a descriptor stands for. Duplicates share one. */
import type { Filter } from '../knote.js';
import type { Pollable } from './readiness.js';

export type DescriptorFilter = 'READ' | 'WRITE' | 'EMPTY' | 'EXCEPT' | 'VNODE';

export abstract class OpenFile {
  /** Descriptors that stand for it. */
  references = 0;

  /** What epoll sees of it; undefined for what is always ready, which epoll refuses. */
  get pollable(): Pollable | undefined {
    return undefined;
  }

  /** @throws Refusal EINVAL, ENODEV, EPIPE: it can't be watched for this. */
  abstract filterFor(kind: DescriptorFilter): Filter;

  /** The last descriptor was closed. */
  abstract closed(): void;

  /** @returns no bytes at the end. @throws Refusal */
  abstract read(mostBytes: number): Uint8Array;

  /** @returns how many of the bytes were taken. @throws Refusal */
  abstract write(bytes: Uint8Array): number;
}
