/** One side in this thread: what the coordinator's orders come down to. */
import type { ThreadAccount } from '../account.js';
import type { ClientPlan, ServerPlan } from '../plan.js';
import type { ThreadProgress } from '../tally.js';
import { FloodClient } from './client.js';
import { DatagramClient } from './datagram-client.js';
import { DatagramServer } from './datagram-server.js';
import { SinkServer } from './server.js';
import type { ClientSide, Listening, ServerSide, SideThread } from './side-thread.js';

export class LocalSide implements SideThread {
  private server: ServerSide | undefined;
  private client: ClientSide | undefined;

  async serve(plan: ServerPlan): Promise<Listening> {
    this.server = plan.transport === 'udp' ? await DatagramServer.start(plan) : await SinkServer.start(plan);
    return this.server.place;
  }

  flood(plan: ClientPlan): Promise<void> {
    this.client = plan.transport === 'udp' ? new DatagramClient(plan) : new FloodClient(plan);
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

  progress(): Promise<ThreadProgress> {
    return Promise.resolve((this.server ?? this.client)!.progress());
  }

  finish(expected: number | null): Promise<ThreadAccount> {
    return (this.server ?? this.client)!.finish(expected);
  }
}
