/** Where a server tells of itself: a place of this machine alone, unless told otherwise. */
import { nested, type OptionTable } from '../../base/options.js';
import { ifGiven } from '../../base/option-lists.js';
import type { ListenOptions } from '../../index.js';
import { PLACE_OPTIONS } from '../places/place-options.js';

/** A place for metrics or for the status page, in the words of `listen`. */
export interface MonitorPlace extends Pick<ListenOptions, 'port' | 'path' | 'mode'> {
  /**
   * Default '127.0.0.1', which this machine alone can connect to. There is no password: each client that can connect
   * reads what the server does.
   */
  readonly host?: string;
}

const { host, port, path, mode } = PLACE_OPTIONS;

export const MONITOR_PLACE = { host, port, path, mode } satisfies OptionTable<MonitorPlace>;

/** The row of a table for a place; undefined: nowhere. */
export const monitorPlace = ifGiven(nested(MONITOR_PLACE));
