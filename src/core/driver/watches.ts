/** The watches of callers' descriptors, those among them that were closed under their watch. */
import { ERROR, type Backend, type Interest, type RegistrationMode } from '../../backends/contract.js';
import type { Token } from '../../base/token.js';
import { EBADF } from '../../sys/ffi/errno.js';
import type { Watcher } from './driver.js';
import { Watch, type Registered } from './registered.js';

export class Watches {
  /** Those whose descriptors were closed under them, and who were not told yet; by the tokens that they had. */
  private readonly stale = new Map<Token, Watcher>();

  constructor(
    private readonly backend: Backend,
    private readonly registered: Registered,
  ) {}

  get hasStale(): boolean {
    return this.stale.size > 0;
  }

  add(fd: number, interest: Interest, mode: RegistrationMode, watcher: Watcher): Token {
    const token = this.backend.register(fd, interest, mode);
    this.registered.add(new Watch(token, watcher, fd));
    return token;
  }

  remove(token: Token): void {
    if (this.stale.delete(token)) return;
    this.backend.unregister(token);
    this.registered.remove(token);
  }

  /**
   * The system just gave out a number. If it is watched, the user closed the descriptor under the watch, which learns
   * it in the next dispatch: epoll forgets such a descriptor without a word.
   */
  endStale(fd: number): void {
    const watch = this.registered.watchOf(fd);
    if (watch === undefined) return;
    this.remove(watch.token);
    this.stale.set(watch.token, watch.watcher);
  }

  tellStale(): void {
    for (const [token, watcher] of this.stale) {
      try {
        watcher.onReady(ERROR, 0, EBADF);
      } finally {
        this.stale.delete(token);
      }
    }
  }
}
