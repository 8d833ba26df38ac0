/** What the driver has registered with its backend: by slot of the token, the descriptor or the watcher that events are for. */
import { slotOf, type Token } from '../base/token.js';
import type { Watcher } from './driver.js';
import type { Descriptor } from './operation.js';

export class Watch {
  constructor(
    readonly token: Token,
    readonly watcher: Watcher,
  ) {}
}

export class Registered {
  private readonly bySlot: (Descriptor | Watch | undefined)[] = [];

  /** At least as many as are registered. */
  get slots(): number {
    return this.bySlot.length;
  }

  add(owner: Descriptor | Watch): void {
    this.bySlot[slotOf(owner.token)] = owner;
  }

  remove(token: Token): void {
    this.bySlot[slotOf(token)] = undefined;
  }

  all(): (Descriptor | Watch)[] {
    return this.bySlot.filter(owner => owner !== undefined);
  }

  /** @returns undefined: it is not registered any more. */
  find(token: Token): Descriptor | Watch | undefined {
    const owner = this.bySlot[slotOf(token)];
    return owner !== undefined && owner.token === token ? owner : undefined;
  }
}
