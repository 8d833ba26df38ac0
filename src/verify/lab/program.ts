/**
 * A program of the lab: channels with two ends each, and steps on them. End 2n and end 2n + 1 belong to channel n.
 * Steps name ends by number, so that taking a step out changes no other; a step that finds nothing to do does
 * nothing.
 */
import type { Interest, RegistrationMode } from '../../backends/contract.js';
import type { TimeUnit } from '../../backends/sources/contract.js';

/**
 * `unix` is a socket pair, `pipe` has its read end at the even number, `tcp` is a connection over the loopback,
 * `listener` listens at the even number and has its latest client at the odd one, closed at first.
 */
export type ChannelKind = 'unix' | 'pipe' | 'tcp' | 'listener';

/** One step of a program. */
export type Step =
  | { readonly op: 'register'; readonly end: number; readonly interest: Interest; readonly mode: RegistrationMode }
  /** Unregisters and registers again. */
  | { readonly op: 'change-mode'; readonly end: number; readonly interest: Interest; readonly mode: RegistrationMode }
  | { readonly op: 'modify'; readonly end: number; readonly interest: Interest }
  | { readonly op: 'write'; readonly end: number; readonly lengthBytes: number }
  | { readonly op: 'read'; readonly end: number; readonly lengthBytes: number }
  | { readonly op: EndOperation; readonly end: number }
  /** Closes what is left of a channel and opens it anew, which uses the numbers again. */
  | { readonly op: 'reopen'; readonly channel: number }
  /** As `reopen`, by dup2(2) onto the numbers that are still open. */
  | { readonly op: 'replace'; readonly channel: number }
  /** Writes at every end that can. */
  | { readonly op: 'burst'; readonly lengthBytes: number }
  /**
   * Forks load off: another thread writes at every end that can, some times over, while the next steps are made. A
   * step that takes descriptors or numbers away waits for its end.
   */
  | { readonly op: 'fork'; readonly lengthBytes: number }
  /** A change that must be refused with ENOENT. */
  | { readonly op: 'modify-dead' | 'unregister-dead' }
  | { readonly op: 'wake' }
  /** Starts a timer that expires once. The kernel is told the time in `unit`, in milliseconds without one. */
  | { readonly op: 'timer'; readonly delayMs: number; readonly unit?: TimeUnit }
  /** Stops the timer that was started last, whether it has expired or not. */
  | { readonly op: 'stop-timer' }
  | { readonly op: 'wait'; readonly timeoutMs: number };

/**
 * `drain` and `fill` go on until the call would block, and say so (a listener is drained by accepting); `connect`
 * starts a connection of the channel's listener, refused if that is closed, and `accept` takes one and closes it;
 * `close` and `reset` unregister first, `close-early` does not; `register-twice` must be refused with EEXIST.
 */
export type EndOperation =
  | 'unregister'
  | 'drain'
  | 'fill'
  | 'half-close'
  | 'reset'
  | 'close'
  | 'close-early'
  | 'connect'
  | 'accept'
  | 'dup'
  | 'close-dup'
  | 'register-twice';

/** A program of the lab: channels, and steps on them. */
export interface Program {
  readonly maxEvents: number;
  readonly channels: readonly ChannelKind[];
  readonly steps: readonly Step[];
}
