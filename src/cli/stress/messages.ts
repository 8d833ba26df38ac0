/** What the coordinator and its child processes say to each other. */
import type { ReactorMode } from '../../core/driver/mode.js';
import type { ProcessAccount } from './account.js';
import type { Listening } from './sides/side-thread.js';
import type { ClientPlan, ServerPlan } from './plan.js';
import type { ProcessProgress } from './tally.js';

export type Order =
  /** Start that many threads. */
  | {
      readonly order: 'prepare';
      /** Of the side, for messages. */
      readonly name: string;
      readonly threads: number;
      readonly backend: string;
      readonly mode: ReactorMode;
    }
  | { readonly order: 'serve'; readonly plan: ServerPlan }
  /** A plan for each thread. */
  | { readonly order: 'flood'; readonly plans: readonly ClientPlan[] }
  /** Client: the pushing ends now. */
  | { readonly order: 'stop' }
  /** Server: count what you hold. */
  | { readonly order: 'count' }
  /**
   * Close everything in order, and tell the result. A server of datagrams is told how many its threads were sent, and
   * waits for those that are still to come.
   */
  | { readonly order: 'finish'; readonly expected: readonly number[] | null };

export type Report =
  /** One more of its threads has begun to run. */
  | { readonly report: 'starting' }
  | { readonly report: 'prepared' }
  /** Where each thread listens. */
  | { readonly report: 'listening'; readonly places: readonly Listening[] }
  | { readonly report: 'progress'; readonly progress: ProcessProgress }
  /** Client: the pushing is over, the connections are still open. */
  | { readonly report: 'pushed' }
  | { readonly report: 'counted' }
  | { readonly report: 'result'; readonly account: ProcessAccount }
  | { readonly report: 'failed'; readonly message: string };
