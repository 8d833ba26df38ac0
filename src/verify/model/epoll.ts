/**
 * epoll(7) over the things of the model: level and edge, oneshot, exclusive (fs/eventpoll.c of Linux). Beside the
 * kqueue of the same kernel it shows where the two mean different things.
 */
import { Refusal } from './refusal.js';
import type { OpenFile } from './things/open-file.js';
import { ALWAYS } from './things/readiness.js';
import type { Watcher, WatcherList } from './watcher-list.js';

export const EPOLLEXCLUSIVE = 0x10000000;
export const EPOLLONESHOT = 0x40000000;
export const EPOLLET = 0x80000000;

const HOW = (EPOLLEXCLUSIVE | EPOLLONESHOT | EPOLLET) >>> 0;

export interface EpollEvent {
  readonly events: number;
  readonly data: number;
}

class Item {
  readonly watches: Watch[] = [];
  isReady = false;

  constructor(
    readonly epoll: ModelEpoll,
    readonly fd: number,
    readonly file: OpenFile,
    public events: number,
    public data: number,
  ) {}

  /** What is asked for and holds. */
  get readiness(): number {
    // A oneshot that fired has nothing left that it asks for, errors included.
    const asked = this.events & ~HOW;
    return asked === 0 ? 0 : this.file.pollable!.readiness() & (asked | ALWAYS);
  }
}

/** An item at one of the lists of its file. */
class Watch implements Watcher {
  list: WatcherList | undefined = undefined;

  constructor(
    private readonly item: Item,
    private readonly about: number,
  ) {}

  heard(): boolean {
    const { item } = this;
    const asked = item.events & ~HOW;
    if (asked === 0 || (this.about & asked) === 0) {
      // An error or a hang-up concerns everybody.
      if (asked === 0 || (item.file.pollable!.readiness() & ALWAYS) === 0) return false;
    }
    item.epoll.makeReady(item);
    return (item.events & EPOLLEXCLUSIVE) !== 0 && item.epoll.isWaitedFor;
  }

  abandoned(): void {
    this.item.epoll.makeReady(this.item);
  }
}

export class ModelEpoll {
  /** Whether a thread sleeps in epoll_wait: only then does an exclusive item keep others from hearing. */
  isWaitedFor = false;
  /** Named by descriptor and open file together: a dup keeps an item whose number is closed. */
  private items: Item[] = [];
  private ready: Item[] = [];

  constructor(private readonly fileAt: (fd: number) => OpenFile) {}

  /** EPOLL_CTL_ADD. @throws Refusal EBADF, EPERM, EEXIST, EINVAL */
  add(fd: number, events: number, data: number): void {
    const file = this.fileAt(fd);
    const { pollable } = file;
    if (pollable === undefined) throw new Refusal('EPERM');
    if (this.find(fd, file) !== undefined) throw new Refusal('EEXIST');
    if ((events & EPOLLEXCLUSIVE) !== 0 && (events & EPOLLONESHOT) !== 0) throw new Refusal('EINVAL');
    const item = new Item(this, fd, file, events, data);
    for (const { list, about } of pollable.sources) {
      const watch = new Watch(item, about);
      item.watches.push(watch);
      if ((events & EPOLLEXCLUSIVE) === 0) list.add(watch);
      else list.addLast(watch);
    }
    this.items.push(item);
    if (item.readiness !== 0) this.makeReady(item);
  }

  /** EPOLL_CTL_MOD. @throws Refusal EBADF, ENOENT, EINVAL */
  modify(fd: number, events: number, data: number): void {
    const item = this.itemAt(fd);
    if (((events | item.events) & EPOLLEXCLUSIVE) !== 0) throw new Refusal('EINVAL');
    item.events = events;
    item.data = data;
    if (item.readiness !== 0) this.makeReady(item);
  }

  /** EPOLL_CTL_DEL. @throws Refusal EBADF, ENOENT */
  remove(fd: number): void {
    this.forget(this.itemAt(fd));
  }

  /** epoll_wait with a timeout of 0. */
  wait(mostEvents: number): EpollEvent[] {
    const taken: EpollEvent[] = [];
    let toSee = this.ready.length;
    while (toSee-- > 0 && taken.length < mostEvents) {
      const item = this.ready.shift()!;
      item.isReady = false;
      const events = item.readiness;
      if (events === 0) continue;
      taken.push({ events, data: item.data });
      if ((item.events & EPOLLONESHOT) !== 0) item.events = (item.events & HOW) >>> 0;
      else if ((item.events & EPOLLET) === 0) this.makeReady(item);
    }
    return taken;
  }

  makeReady(item: Item): void {
    if (item.isReady) return;
    item.isReady = true;
    this.ready.push(item);
  }

  /** The open file is gone, with the last of its descriptors: so are its items. */
  forgetFile(file: OpenFile): void {
    for (const item of this.items) {
      if (item.file === file) this.forget(item);
    }
  }

  private forget(item: Item): void {
    for (const watch of item.watches) watch.list?.remove(watch);
    this.ready = this.ready.filter(other => other !== item);
    this.items = this.items.filter(other => other !== item);
  }

  private find(fd: number, file: OpenFile): Item | undefined {
    return this.items.find(item => item.fd === fd && item.file === file);
  }

  private itemAt(fd: number): Item {
    const item = this.find(fd, this.fileAt(fd));
    if (item === undefined) throw new Refusal('ENOENT');
    return item;
  }
}
