/** Processes that can be watched: they do what they are told to. */
import { WatcherList } from './watcher-list.js';

export const NOTE_EXIT = 0x80000000;
export const NOTE_FORK = 0x40000000;
export const NOTE_EXEC = 0x20000000;

export class ModelProcess {
  readonly watchers = new WatcherList();
  /** The child of its last fork. */
  youngest: ModelProcess | undefined = undefined;
  hasExited = false;
  reaped = false;
  /** As wait(2) has it: exit code * 256, or the number of the signal. */
  waitStatus = 0;

  constructor(readonly pid: number) {}

  fork(pid: number): ModelProcess {
    this.youngest = new ModelProcess(pid);
    this.watchers.notify(NOTE_FORK);
    return this.youngest;
  }

  exec(): void {
    this.watchers.notify(NOTE_EXEC);
  }

  exit(waitStatus: number): void {
    if (this.hasExited) return;
    this.hasExited = true;
    this.waitStatus = waitStatus;
    this.watchers.notify(NOTE_EXIT);
  }
}
