/** The watchers that are told when something happens to a thing. */
export interface Watcher {
  /** Where it hears of changes; undefined when the thing is gone. */
  list: WatcherList | undefined;
  /**
   * @param hint what happened, in the thing's own terms; 0 for "look again".
   * @returns true: it takes care of it, and nobody after it has to hear of it (EPOLLEXCLUSIVE).
   */
  heard(hint: number): boolean;
  /** The thing goes away. */
  abandoned(): void;
}

export class WatcherList {
  /** The newest first: that is the order in which they hear of something. */
  private readonly watchers: Watcher[] = [];

  add(watcher: Watcher): void {
    this.watchers.unshift(watcher);
    watcher.list = this;
  }

  /** Puts it behind all others. */
  addLast(watcher: Watcher): void {
    this.watchers.push(watcher);
    watcher.list = this;
  }

  remove(watcher: Watcher): void {
    const index = this.watchers.indexOf(watcher);
    if (index >= 0) this.watchers.splice(index, 1);
    watcher.list = undefined;
  }

  notify(hint = 0): void {
    for (const watcher of [...this.watchers]) {
      if (watcher.list === this && watcher.heard(hint)) return;
    }
  }

  /** What is left is told, and hears no more. */
  abandon(): void {
    for (const watcher of this.watchers.splice(0)) {
      watcher.list = undefined;
      watcher.abandoned();
    }
  }
}
