/** What a thread's reactor can be started with. */
import type { ReactorMode } from '../driver/mode.js';

/** Options of `startReactor`. */
export interface ReactorOptions {
  /** A backend's name, or 'auto' (the default): what POLLUX_BACKEND names, otherwise the best that runs here. */
  readonly backend?: string;
  /** How descriptors are registered. 'level', the default, costs no change per event; the others are for comparison. */
  readonly mode?: ReactorMode;
  /**
   * Ceiling for the memory of all buffers of this thread. Default 256 MiB. Towards it those who keep most receive no
   * more until they release some.
   */
  readonly maxBufferBytes?: number;
  /** Events of one wait. Default 1024. */
  readonly maxEvents?: number;
}
