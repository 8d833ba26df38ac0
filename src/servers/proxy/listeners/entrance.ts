/** One of a proxy's listeners, and who gets in. */
import { formatName } from '../addresses.js';
import { listen, type Connection, type Listener } from '../../../index.js';
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

export class Entrance {
  readonly gate: AcceptGate;
  /** Clients that came in here and are not through. */
  private open = 0;

  private constructor(
    private readonly plan: ListenPlan,
    readonly listener: Listener,
    onClient: (client: Connection) => void,
  ) {
    const accept = (client: Connection) => {
      this.gate.onAccepted();
      if (++this.open >= plan.maxConnections) this.gate.hold('listener');
      onClient(client);
    };
    this.gate = new AcceptGate(plan.acceptsPerSecond, isOpen => {
      listener.onConnection = isOpen ? accept : undefined;
    });
    listener.onConnection = accept;
  }

  /** @throws what `listen` throws, by the promise. */
  static async listen(
    plan: ListenPlan,
    onClient: (entrance: Entrance, client: Connection) => void,
    onError: ((failure: Error) => void) | undefined,
  ): Promise<Entrance> {
    const { host, port, path, mode, ipv6Only, backlog, reusePort, fd } = plan;
    const where = { host, port, path, mode, ipv6Only, backlog, reusePort, fd };
    const given = Object.fromEntries(Object.entries(where).filter(([, value]) => value !== undefined));
    const listener = await listen(given);
    listener.onError = onError;
    const entrance: Entrance = new Entrance(plan, listener, client => onClient(entrance, client));
    return entrance;
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
