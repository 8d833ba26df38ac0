/**
 * What the driver has registered with its backend: by slot of the token, the descriptor or the watcher that events are
 * for. And all descriptors in its care by their numbers, registered or not.
 */
import { NO_TOKEN, slotOf, type Token } from '../../base/token.js';
import type { Watcher } from './driver.js';
import { Descriptor } from '../operations/operation.js';

/** A descriptor under watch. `watch` makes one. */
export class Watch {
  constructor(
    readonly token: Token,
    readonly watcher: Watcher,
    /** The caller's descriptor; -1 for a source of events, which owns its own. */
    readonly fd = -1,
  ) {}
}

export class Registered {
  private readonly bySlot: (Descriptor | Watch | undefined)[] = [];
  private readonly byFd: (Descriptor | undefined)[] = [];
  /** Those of callers, by their descriptors. */
  private readonly watches = new Map<number, Watch>();

  /** At least as many as are registered. */
  get slots(): number {
    return this.bySlot.length;
  }

  add(owner: Descriptor | Watch): void {
    this.bySlot[slotOf(owner.token)] = owner;
    if (owner instanceof Watch && owner.fd >= 0) this.watches.set(owner.fd, owner);
  }

  remove(token: Token): void {
    const owner = this.bySlot[slotOf(token)];
    this.bySlot[slotOf(token)] = undefined;
    if (owner instanceof Watch) {
      this.watches.delete(owner.fd);
    } else if (owner !== undefined) {
      owner.token = NO_TOKEN;
      owner.interest = 0;
    }
  }

  takeCare(descriptor: Descriptor): void {
    this.byFd[descriptor.fd] = descriptor;
  }

  endCare(descriptor: Descriptor): void {
    if (this.byFd[descriptor.fd] === descriptor) this.byFd[descriptor.fd] = undefined;
  }

  inCare(): Descriptor[] {
    return this.byFd.filter(descriptor => descriptor !== undefined);
  }

  descriptors(): Descriptor[] {
    return this.bySlot.filter(owner => owner instanceof Descriptor);
  }

  watchers(): Watcher[] {
    return this.bySlot.filter(owner => owner instanceof Watch).map(({ watcher }) => watcher);
  }

  /** The watch of a caller's descriptor. Few programs have any, so it costs others nothing. */
  watchOf(fd: number): Watch | undefined {
    return this.watches.size === 0 ? undefined : this.watches.get(fd);
  }

  descriptorOf(fd: number): Descriptor | undefined {
    return this.byFd[fd];
  }

  /** @returns undefined: it is not registered any more. */
  find(token: Token): Descriptor | Watch | undefined {
    const owner = this.bySlot[slotOf(token)];
    return owner !== undefined && owner.token === token ? owner : undefined;
  }
}
