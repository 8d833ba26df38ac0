/** One scenario on the kernel that this runs on: names bound so far, and what has to be given back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KqueueCalls } from '../../../../sys/poll/kqueue.js';
import { close, isOpen } from '../../../../sys/file/io.js';
import { IoError } from '../../../../sys/ffi/io-error.js';
import { errnoName } from '../../../../sys/ffi/errno.js';
import { Names } from '../names.js';
import { Notation } from '../notation.js';
import type { Answer } from '../target.js';
import type { Step } from '../trace.js';

export class NativeScene {
  readonly names = new Names();
  readonly notation: Notation;
  /** Scratch directory. */
  readonly directory = mkdtempSync(join(tmpdir(), 'pollux-trace-'));
  private readonly opened = new Set<number>();

  constructor(readonly calls: KqueueCalls) {
    this.notation = new Notation(calls.system.constants);
  }

  /** Binds a descriptor that this scenario opened. */
  bind(name: unknown, fd: number): void {
    this.opened.add(fd);
    this.names.bind(name, fd);
  }

  fd(name: unknown): number {
    return this.names.number(name);
  }

  path(step: Step, field = 'path'): string {
    const path = step[field] as string;
    return path.startsWith('/') ? path : join(this.directory, path);
  }

  close(fd: number): void {
    this.opened.delete(fd);
    close(fd);
  }

  /** Gives everything back. */
  end(): void {
    for (const fd of this.opened) {
      if (isOpen(fd)) close(fd);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export type NativePlay = (scene: NativeScene, step: Step) => Answer;

/** What a call answered, or the errno that it failed with. */
export function attempt(call: () => Record<string, unknown> | undefined, failed: Record<string, unknown> = {}): Answer {
  try {
    return { results: { errno: null, ...call() } };
  } catch (error) {
    return { results: { ...failed, errno: errnoOf(error) } };
  }
}

/** The errno of an error of Pollux or of node:fs. @throws what is neither. */
export function errnoOf(error: unknown): string {
  if (error instanceof IoError) return errnoName(error.errno);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) throw error;
  return code;
}
