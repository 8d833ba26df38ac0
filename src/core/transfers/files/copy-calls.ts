/**
 * The calls of one copy on the pool: they are counted, they end with the copy, and the files stay open until the last
 * that uses them has answered.
 */
import { addAbortListener, removeAbortListener } from '../../../base/shared-listeners.js';
import type { Done } from '../../../sys/ffi/blocking-call.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import type { FileStat } from '../../../sys/file/file-stat.js';
import type { DiskPool } from '../../disk/pool.js';
import type { TransferAccount } from '../account.js';
import type { FileCopyCalls } from './file-copy-calls.js';

/** One of the two files of a copy. */
export interface CopyEnd {
  readonly fd: number;
  readonly offset: number;
  readonly stat: FileStat;
  /** For messages: the path. */
  readonly name: string;
}

export class CopyCalls {
  /** Questions to the disk whose answers have not come. */
  private asked = 0;
  private release: (() => void) | undefined = undefined;

  /** @param signal stops the copy. */
  constructor(
    private readonly pool: DiskPool,
    private readonly account: TransferAccount,
    private readonly signal: AbortSignal,
  ) {}

  /** A call that changes the target is awaited to its end, stopped or not. @returns its result; below 0 an errno. */
  call(end: CopyEnd, begin: (done: Done) => void): Promise<number> {
    this.account.calls++;
    return this.pool.call(end.stat.device, begin, this.signal);
  }

  /** Awaits what changes nothing. Stopped, it waits no more: the answer tells nobody anything then. */
  ask<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this;
    this.asked++;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      addAbortListener(signal, stop);
      const answered = (): void => {
        removeAbortListener(signal, stop);
        this.asked--;
        this.letGo();
      };
      answer.finally(answered).then(resolve, reject);
    });
  }

  /** What a file is now. @throws IoError what the system refused. */
  async stat({ fstat }: FileCopyCalls, { fd, stat: { device }, name }: CopyEnd): Promise<FileStat> {
    let stat!: FileStat;
    const begin = (done: Done): void =>
      fstat(fd, answer => {
        if (typeof answer !== 'number') stat = answer;
        done(typeof answer === 'number' ? answer : 0);
      });
    const result = await this.ask(this.pool.call(device, begin, this.signal));
    if (result < 0) throw new IoError(-result, 'fstat', name);
    return stat;
  }

  /** The copy is over. @param release called once no call uses the files any more. */
  close(release: () => void): void {
    this.release = release;
    this.letGo();
  }

  private letGo(): void {
    if (this.asked === 0) this.release?.();
  }
}
