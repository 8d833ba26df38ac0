/**
 * What a work queue and its receivers say to each other, by the parts that there are. A receiver tells a queue of
 * messages how many items it waits for; an item is a request, which can be taken back until the receiver begins with
 * it.
 */
import { wrongState, type IoError } from '../../sys/ffi/io-error.js';

/** The name of a work queue among those of messages and of requests. */
export function channelName(name: string): string {
  return `pollux: work ${name}`;
}

/** A request that is answered once everything that was told before it has arrived, be it by an error. */
export const ALL_TOLD = 'pollux: all told';

const NOT_STARTED = 'pollux: not started';

/** What a receiver throws that has not begun with an item, and is to have it no more. */
export function notStarted(): IoError {
  return wrongState('ECANCELED', NOT_STARTED, 'nobody here waits for an item any more');
}

export function isNotStarted(failure: unknown): boolean {
  return (failure as Partial<IoError> | undefined)?.syscall === NOT_STARTED;
}

/**
 * @param places how many more items it waits for; negative: it has a handler, which has so many at a time from now on.
 */
export function packPlaces(places: number): Uint8Array {
  return new Uint8Array(new Int32Array([places]).buffer);
}

export function unpackPlaces(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(0, true);
}
