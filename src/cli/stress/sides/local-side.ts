/** One side in this thread: what the coordinator's orders come down to. */
import type { ThreadAccount } from '../account.js';
import { FloodClient } from './client.js';
import type { ClientPlan, ServerPlan } from '../plan.js';
import { SinkServer } from './server.js';
import type { SideProgress } from '../tally.js';

/** Where a server listens. */
export interface Listening {
  readonly port: number;
  /** '127.0.0.1:1667' */
  readonly address: string;
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
  progress(): Promise<SideProgress>;
  /** Closes everything in order. */
  finish(): Promise<ThreadAccount>;
}

export class LocalSide implements SideThread {
  private server: SinkServer | undefined;
  private client: FloodClient | undefined;

  async serve(plan: ServerPlan): Promise<Listening> {
    const { port, address } = (this.server = await SinkServer.start(plan));
    return { port, address };
  }

  flood(plan: ClientPlan): Promise<void> {
    this.client = new FloodClient(plan);
    return this.client.pushed;
  }

  stop(): Promise<void> {
    this.client?.stop();
    return Promise.resolve();
  }

  count(): Promise<void> {
    this.server?.noteHeld();
    return Promise.resolve();
  }

  progress(): Promise<SideProgress> {
    return Promise.resolve((this.server ?? this.client)!.progress());
  }

  finish(): Promise<ThreadAccount> {
    return (this.server ?? this.client)!.finish();
  }
}
