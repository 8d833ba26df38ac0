/** What the coordinator and its child processes say to each other. */
import type { ReactorMode } from '../../core/driver/mode.js';
import type { ProcessAccount } from './account.js';
import type { Listening } from './sides/local-side.js';
import type { ClientPlan, ServerPlan } from './plan.js';
import type { SideProgress } from './tally.js';

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
  /** Close everything in order, and tell the result. */
  | { readonly order: 'finish' };

export type Report =
  /** One more of its threads has begun to run. */
  | { readonly report: 'starting' }
  | { readonly report: 'prepared' }
  /** Where each thread listens. */
  | { readonly report: 'listening'; readonly places: readonly Listening[] }
  | { readonly report: 'progress'; readonly progress: SideProgress }
  /** Client: the pushing is over, the connections are still open. */
  | { readonly report: 'pushed' }
  | { readonly report: 'counted' }
  | { readonly report: 'result'; readonly account: ProcessAccount }
  | { readonly report: 'failed'; readonly message: string };
