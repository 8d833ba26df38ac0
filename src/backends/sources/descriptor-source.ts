/** A source that is a descriptor, watched by level with whatever backend there is. */
import type { Token } from '../../base/token.js';
import { close, read } from '../../sys/file/io.js';
import { NativeBlock } from '../../sys/ffi/memory.js';
import { READABLE, type Backend } from '../contract.js';
import type { Source } from './contract.js';

export abstract class DescriptorSource implements Source {
  readonly token: Token;

  /**
   * @param fd becomes the source's, also if this throws.
   * @throws IoError what the backend refused.
   */
  constructor(
    private readonly backend: Backend,
    protected readonly fd: number,
  ) {
    try {
      this.token = backend.register(fd, READABLE, 'level');
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  abstract take(data: number): number;

  close(): void {
    this.backend.unregister(this.token);
    close(this.fd);
  }
}

const count = new NativeBlock(8);

/** The 64-bit count that a timerfd or an eventfd is read as; 0 if there is none. */
export function readCount(fd: number): number {
  return read(fd, count.address, 8) === 8 ? count.u32[0] + count.u32[1] * 2 ** 32 : 0;
}
