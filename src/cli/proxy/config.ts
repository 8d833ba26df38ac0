/** What `pollux proxy` runs with, by flags or by a file: plain values, which can be given to other threads. */
import type { ProxyListenOptions, ProxyOptions } from '../../servers.js';
import type { MaybeInherited } from '../config/inherited.js';

export type ProxyPlace = ProxyListenOptions & MaybeInherited;

export interface ProxyConfig {
  /** All but where to listen. */
  readonly options: Omit<ProxyOptions, 'listen'>;
  /** Where, at least once. */
  readonly places: readonly ProxyPlace[];
  readonly threads: number;
  /** How long clients have to end once it is ended. */
  readonly drainMs: number;
}
