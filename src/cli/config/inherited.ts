/** Listeners that a service manager has passed (LISTEN_FDS), by the names that a configuration calls them. */
import { inheritedSockets, listenInherited, type Listener } from '../../index.js';
import { without } from './without.js';

/** Where to listen, as a file or a flag says it. */
export interface MaybeInherited {
  /** The name of sockets that were passed: that of the socket unit, or its FileDescriptorName. */
  readonly inherited?: string;
}

/** A place, or a listener in its stead. */
export type Resolved<Place> = Omit<Place, 'inherited'> & { readonly listener?: Listener };

/** They are taken once, and stay when a configuration is read again. */
export class InheritedListeners {
  private readonly taken = new Map<string, readonly Listener[]>();

  /** @throws TypeError (by the promise) no socket of that name was passed. */
  async resolve<Place extends MaybeInherited>(places: readonly Place[]): Promise<readonly Resolved<Place>[]> {
    const resolved: Resolved<Place>[] = [];
    for (const [index, place] of places.entries()) {
      const rest = without(place, 'inherited') as Resolved<Place>;
      const { inherited: name } = place;
      if (name === undefined) resolved.push(rest);
      else for (const listener of await this.take(name, index)) resolved.push({ ...rest, listener });
    }
    return resolved;
  }

  private async take(name: string, index: number): Promise<readonly Listener[]> {
    const known = this.taken.get(name)?.filter(({ isClosed }) => !isClosed) ?? [];
    if (known.length > 0) return known;
    const others = [...new Set(inheritedSockets().map(socket => socket.name))].join(', ');
    const listeners = await listenInherited({ name });
    if (listeners.length === 0) {
      throw new TypeError(
        `listen[${index}].inherited: '${name}'; allowed: names of sockets that were passed (${others || 'none'})`,
      );
    }
    this.taken.set(name, listeners);
    return listeners;
  }
}
