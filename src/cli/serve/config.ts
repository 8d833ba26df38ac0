/** What `pollux serve` runs with, by flags or by a file: plain values, which can be given to other threads. */
import type { ListenOptions } from '../../index.js';
import type { StaticServerOptions } from '../../servers.js';
import type { AcceptModel } from '../../threads.js';
import type { MaybeInherited } from '../config/inherited.js';

/** How several threads accept. */
export type ServeAccept = Exclude<AcceptModel, 'combined'>;

export type ServePlace = ListenOptions & MaybeInherited;

export interface ServeConfig {
  /** All but where to listen. */
  readonly options: Omit<StaticServerOptions, 'listen'>;
  /** Where, at least once. */
  readonly places: readonly ServePlace[];
  readonly threads: number;
  readonly accept: ServeAccept;
  /** How long requests may go on once it is ended. */
  readonly drainMs: number;
}
