/**
 * inotify queues, shared by files: a user may have few of them (fs.inotify.max_user_instances, 128 as a rule). The
 * files of a queue share its descriptor and so its token; the queue gives each its own records.
 */
import type { Token } from '../../base/token.js';
import {
  addInotifyWatch,
  drainInotify,
  IN_IGNORED,
  IN_Q_OVERFLOW,
  openInotify,
  removeInotifyWatch,
} from '../../sys/poll/inotify.js';
import { close } from '../../sys/file/io.js';
import { READABLE, type Backend } from '../contract.js';
import type { SourceWatcher } from './contract.js';

/** Files of one queue: 128 queues are 16,384 files, and few enough share the 16,384 records that a queue holds. */
const MEMBERS_PER_QUEUE = 128;

/** A file or directory in a queue. */
export interface QueueMember {
  readonly watcher: SourceWatcher | undefined;
  readonly isClosed: boolean;
  /** For messages: the path or the descriptor that was given. */
  readonly title: string;
  /** @param ofEntry whether the record names an entry of the watched directory. */
  onRecord(mask: number, ofEntry: boolean): void;
}

/** Where a member is: what ends it. */
export interface Membership {
  readonly queue: InotifyQueue;
  readonly watch: number;
}

export class InotifyQueues {
  private readonly queues: InotifyQueue[] = [];

  constructor(private readonly backend: Backend) {}

  /**
   * Watches a path for a member, in the first queue that has room and not the same file.
   *
   * @throws IoError EMFILE, ENFILE, ENOSPC, ENOENT, EACCES; what the backend refused.
   */
  join(member: QueueMember, path: string, mask: number): Membership {
    for (const queue of this.queues) {
      if (queue.size >= MEMBERS_PER_QUEUE) continue;
      const watch = queue.add(member, path, mask);
      if (watch >= 0) return { queue, watch };
    }
    const queue = new InotifyQueue(this.backend, member.title);
    this.queues.push(queue);
    try {
      return { queue, watch: queue.add(member, path, mask) };
    } catch (error) {
      this.closeEmpty(queue);
      throw error;
    }
  }

  leave({ queue, watch }: Membership): void {
    queue.remove(watch);
    this.closeEmpty(queue);
  }

  private closeEmpty(queue: InotifyQueue): void {
    if (queue.size > 0) return;
    this.queues.splice(this.queues.indexOf(queue), 1);
    queue.close();
  }
}

export class InotifyQueue implements SourceWatcher {
  readonly token: Token;
  private readonly fd: number;
  private readonly members = new Map<number, QueueMember>();
  /** Members that have records, in the order of their first. */
  private readonly touched = new Set<QueueMember>();

  /** @throws IoError EMFILE, ENFILE; what the backend refused. */
  constructor(
    private readonly backend: Backend,
    title: string,
  ) {
    this.fd = openInotify(title);
    try {
      this.token = backend.register(this.fd, READABLE, 'level');
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /** Members, those included whose file has gone. */
  get size(): number {
    return this.members.size;
  }

  /** @returns the watch, or -1: another member watches the same file. */
  add(member: QueueMember, path: string, mask: number): number {
    const watch = addInotifyWatch(this.fd, path, mask, member.title);
    if (watch >= 0) this.members.set(watch, member);
    return watch;
  }

  remove(watch: number): void {
    this.touched.delete(this.members.get(watch)!);
    this.members.delete(watch);
    removeInotifyWatch(this.fd, watch);
  }

  /** Takes the records off and gives them to the members. @returns whether there was any. */
  drain(): boolean {
    return drainInotify(this.fd, this.onRecord);
  }

  /** An event of the queue is one of each member that has records; one without records is everybody's. */
  onReady(readiness: number, data: number, errno: number): void {
    const concerned = this.drain() ? [...this.touched] : [...this.members.values()];
    this.touched.clear();
    const failures: unknown[] = [];
    for (const member of concerned) {
      try {
        if (!member.isClosed) member.watcher?.onReady(readiness, data, errno);
      } catch (error) {
        // The others' records have been taken off already: they are told first.
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} handlers of changes failed`);
  }

  close(): void {
    this.backend.unregister(this.token);
    close(this.fd);
  }

  private readonly onRecord = (watch: number, mask: number, named: boolean): void => {
    if ((mask & IN_Q_OVERFLOW) !== 0) {
      for (const member of this.members.values()) this.give(member, mask, false);
      return;
    }
    const member = this.members.get(watch);
    // The watch has ended, by us or with its file; what there was to tell of that was told.
    if (member !== undefined && (mask & IN_IGNORED) === 0) this.give(member, mask, named);
  };

  private give(member: QueueMember, mask: number, named: boolean): void {
    member.onRecord(mask, named);
    this.touched.add(member);
  }
}
