/** What the configuration files of both servers say alike, and how it is checked. */
import { text } from '../../base/options.js';
import { PLACE_OPTIONS, type PlaceOptions } from '../../servers/places/place-options.js';
import type { MaybeInherited } from './inherited.js';

export const MOST_THREADS = 256;

/** The name of sockets that a service manager has passed. */
export const INHERITED = text('the name of sockets that were passed');
export const NOWHERE = 'listen: missing; allowed: { port }, { host, port }, { path }, { inherited }, or a list';

/** @throws TypeError it says twice where to listen, or threads would share what belongs to one. */
export function checkInherited(place: PlaceOptions & MaybeInherited, threads: number, name: string): void {
  if (place.inherited === undefined) return;
  const beside = (Object.keys(PLACE_OPTIONS) as (keyof PlaceOptions)[]).find(each => place[each] !== undefined);
  if (beside !== undefined) throw new TypeError(`${name}.inherited: given beside ${beside}; allowed: one of the two`);
  if (threads > 1) throw new TypeError(`${name}.inherited: given beside threads; allowed: one of the two`);
}
