/** What a side is to its thread, and a thread to those who give orders. */
import type { ThreadAccount } from '../account.js';
import type { ClientPlan, Place, ServerPlan } from '../plan.js';
import type { ThreadProgress } from '../tally.js';

/** Where a server listens. */
export interface Listening {
  readonly place: Place;
  /** '127.0.0.1:1667' */
  readonly address: string;
}

/** A server of streams or of datagrams. */
export interface ServerSide {
  readonly place: Listening;
  /** Notes how many connections are held: called when the pushing is over. */
  noteHeld(): void;
  progress(): ThreadProgress;
  /** @param expected how many datagrams it was sent; null: nobody knows, or it is one of streams. */
  finish(expected: number | null): Promise<ThreadAccount>;
}

/** A client of streams or of datagrams, which pushes from the beginning. */
export interface ClientSide {
  /** Resolves when the time is up, `stop` was called, all is sent, or nobody answers. */
  readonly pushed: Promise<void>;
  /** Ends the pushing. What is open stays open. */
  stop(): void;
  progress(): ThreadProgress;
  finish(): Promise<ThreadAccount>;
}

/** What a thread can be told, wherever it is. Each order is for one of the sides; the plan makes it that side. */
export interface SideThread {
  serve(plan: ServerPlan): Promise<Listening>;
  /** Resolves when the pushing is over. */
  flood(plan: ClientPlan): Promise<void>;
  /** Client: the pushing ends now. */
  stop(): Promise<void>;
  /** Server: count what you hold. */
  count(): Promise<void>;
  progress(): Promise<ThreadProgress>;
  /** Closes everything in order. */
  finish(expected: number | null): Promise<ThreadAccount>;
}
