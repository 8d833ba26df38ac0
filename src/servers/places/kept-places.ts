/** Which listeners stay when a server goes on with other options. */
import { shown } from '../../base/arguments.js';
import type { PlaceOptions } from './place-options.js';

/** What an open socket keeps until it is closed. */
const FIXED = ['mode', 'ipv6Only', 'backlog', 'reusePort'] as const;

/** Listeners that stay, by the places of the new options; undefined: that place is to be opened. */
export interface KeptPlaces<Open> {
  readonly kept: readonly (Open | undefined)[];
  readonly gone: readonly Open[];
}

/**
 * @param open those that listen now, by what they were asked for.
 * @throws TypeError one that stays has an option that its socket can't change.
 */
export function keptPlaces<Open extends { readonly place: PlaceOptions }>(
  wanted: readonly PlaceOptions[],
  open: readonly Open[],
): KeptPlaces<Open> {
  const left = [...open];
  const kept = wanted.map((place, index) => {
    const at = left.findIndex(each => keyOf(each.place) === keyOf(place));
    if (at < 0) return undefined;
    const [found] = left.splice(at, 1);
    for (const name of FIXED) {
      if (found.place[name] === place[name]) continue;
      const allowed = `${shown(found.place[name])}, for as long as it listens there`;
      throw new TypeError(`listen[${index}].${name}: ${shown(place[name])}; allowed: ${allowed}`);
    }
    return found;
  });
  return { kept, gone: left };
}

function keyOf({ listener, host, port, path, fd }: PlaceOptions): unknown {
  return listener ?? JSON.stringify([host, port, path, fd]);
}
