/** Opening a place, or taking the listener that is there. */
import { listen, type Listener } from '../../index.js';
import { PLACE_OPTIONS, type PlaceOptions } from './place-options.js';

const WHERE = Object.keys(PLACE_OPTIONS) as (keyof PlaceOptions)[];

/** @param place other options in it are not looked at. @throws what `listen` throws, by the promise. */
export async function listenAt(place: PlaceOptions): Promise<Listener> {
  if (place.listener !== undefined) return place.listener;
  const given = WHERE.filter(name => place[name] !== undefined).map(name => [name, place[name]] as const);
  return listen(Object.fromEntries(given));
}
