/** What the coordinator and its two child processes say to each other. */
import type { ClientPlan, ServerPlan } from './plan.js';
import type { SideResult } from './result.js';
import type { SideProgress } from './tally.js';

export type Order =
  | { readonly order: 'serve'; readonly plan: ServerPlan }
  | { readonly order: 'flood'; readonly plan: ClientPlan }
  /** Client: the pushing ends now. */
  | { readonly order: 'stop' }
  /** Server: count what you hold. */
  | { readonly order: 'count' }
  /** Close everything in order, and tell the result. */
  | { readonly order: 'finish' };

export type Report =
  | { readonly report: 'listening'; readonly port: number }
  | { readonly report: 'progress'; readonly progress: SideProgress }
  /** Client: the pushing is over, the connections are still open. */
  | { readonly report: 'pushed' }
  | { readonly report: 'counted' }
  | { readonly report: 'result'; readonly result: SideResult }
  | { readonly report: 'failed'; readonly message: string };
