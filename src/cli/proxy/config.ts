/** What `pollux proxy` runs with, by flags or by a file: plain values, which can be given to other threads. */
import type { ProxyOptions } from '../../servers.js';

export interface ProxyConfig {
  readonly options: ProxyOptions;
  readonly threads: number;
  /** How long clients have to end once it is ended. */
  readonly drainMs: number;
}
