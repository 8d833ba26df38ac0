/** How long a client has been in a phase, and whether something moved meanwhile. */
import { monotonicMs } from '../../../../base/runtime-functions.js';
import type { Phased } from '../../../http/phases.js';
import type { HttpProxyPhase } from '../http-counters.js';
import type { HttpGateway } from '../http-gateway.js';

/** A client, as its clock sees it. */
export interface TimedClient {
  /** What is waited for; undefined: nothing. */
  readonly currentPhase: HttpProxyPhase | undefined;
  /** Bytes that peers took. */
  readonly movedBytes: number;
  /** Whether bytes move that nobody is told of. */
  readonly isSplicing: boolean;
  onLate(phase: HttpProxyPhase): void;
}

export class ClientClock implements Phased<HttpProxyPhase> {
  phase: HttpProxyPhase | undefined = undefined;
  sinceMs = 0;
  queuedMs = 0;
  earlier: Phased<HttpProxyPhase> | undefined = undefined;
  later: Phased<HttpProxyPhase> | undefined = undefined;
  private movedBefore = 0;

  constructor(
    private readonly client: TimedClient,
    private readonly gateway: HttpGateway,
  ) {
    gateway.phases.enter(this, 'idle');
  }

  /** Something has happened. */
  update(): void {
    const { client, gateway } = this;
    const phase = client.currentPhase;
    // A head has one delay, however many parts it comes in.
    if (phase !== 'head' || this.phase !== 'head') gateway.phases.enter(this, phase);
    if (this.isBlind) this.movedBefore = client.movedBytes;
  }

  stop(): void {
    this.gateway.phases.enter(this, undefined);
  }

  onLate(phase: HttpProxyPhase): void {
    const { client, gateway } = this;
    const { movedBytes } = client;
    if (this.isBlind && movedBytes !== this.movedBefore) {
      this.movedBefore = movedBytes;
      this.sinceMs = monotonicMs();
      return;
    }
    gateway.counts.late[phase]++;
    client.onLate(phase);
  }

  /** Whether only counters tell that something moves. */
  private get isBlind(): boolean {
    return this.phase === 'write' || this.phase === 'send' || this.client.isSplicing;
  }
}
