/** One of a proxy's listeners, and who gets in. */
import { formatName } from '../addresses.js';
import type { Connection, Listener } from '../../../index.js';
import { listenAt } from '../../places/listen-at.js';
import { AcceptGate } from './accept-gate.js';
import type { ListenPlan } from './listen-options.js';

/** What a listener is and has done, as plain values. */
export interface ListenerSnapshot {
  /** Where it listens. */
  readonly address: string;
  readonly accepted: number;
  /** Clients that it has now. */
  readonly open: number;
  /** Whether clients wait, since there are as many as there may be, or too many came in a second. */
  readonly isHeld: boolean;
}

/** What a proxy does with a client that came in. */
export type OnClient = (entrance: Entrance, client: Connection) => void;

export class Entrance {
  /** Clients that came in here and are not through. */
  private open = 0;
  private current: AcceptGate;
  private onClient: OnClient = (_, client) => client.reset();

  private constructor(
    private plan: ListenPlan,
    readonly listener: Listener,
  ) {
    this.current = this.gateOf(plan);
  }

  /** Opens it; nobody is let in before it begins. @throws what `listen` throws, by the promise. */
  static async listen(plan: ListenPlan): Promise<Entrance> {
    return new Entrance(plan, await listenAt(plan));
  }

  get place(): ListenPlan {
    return this.plan;
  }

  get gate(): AcceptGate {
    return this.current;
  }

  /** Lets clients in, by this plan from now on. */
  begin(plan: ListenPlan, onClient: OnClient, onError: ((failure: Error) => void) | undefined): void {
    const { listener } = this;
    this.current.end();
    this.plan = plan;
    this.onClient = onClient;
    this.current = this.gateOf(plan);
    listener.onError = onError;
    if (this.open >= plan.maxConnections) this.current.hold('listener');
    else listener.onConnection = this.accept;
  }

  /** A client that came in here is through. */
  onClientGone(): void {
    if (--this.open < this.plan.maxConnections) this.gate.release('listener');
  }

  /** Lets in the clients that wait, and nobody later. */
  async drain(): Promise<void> {
    this.gate.end();
    await this.listener.drain();
  }

  async close(): Promise<void> {
    this.gate.end();
    await this.listener.close();
  }

  private readonly accept = (client: Connection): void => {
    this.current.onAccepted();
    if (++this.open >= this.plan.maxConnections) this.current.hold('listener');
    this.onClient(this, client);
  };

  private gateOf({ acceptsPerSecond }: ListenPlan): AcceptGate {
    return new AcceptGate(acceptsPerSecond, isOpen => {
      this.listener.onConnection = isOpen ? this.accept : undefined;
    });
  }

  snapshot(): ListenerSnapshot {
    const { listener, gate } = this;
    return {
      address: formatName(listener.address),
      accepted: listener.counters.accepted,
      open: this.open,
      isHeld: gate.isHeld,
    };
  }
}
