/** One client from its acceptance to its end: an upstream is found, the two are joined, and what comes of it is told. */
import { monotonicMs } from '../../base/runtime-functions.js';
import {
  join,
  type Connection,
  type IoError,
  type JoinOptions,
  type Transfer,
  type TransferFailure,
  type TunnelAccount,
} from '../../index.js';
import type { SessionOutcome, SessionRecord } from './session-record.js';
import { dial, type Dialled } from './upstreams/dial.js';
import type { Pool } from './upstreams/pool.js';
import type { Upstream } from './upstreams/upstream.js';

/** The proxy, as a session sees it. */
export interface SessionOwner {
  readonly joinOptions: JoinOptions;
  /** Aborted when the proxy is closed. */
  readonly closing: AbortSignal;
  onSessionEnd(session: Session, record: SessionRecord): void;
}

/** A client that came, and what is known of it. */
export interface Arrival {
  readonly client: Connection;
  /** Its address, if something asks for it. Otherwise empty. */
  readonly source: string;
  readonly pool: Pool;
}

type Phase = 'dialling' | 'joined' | 'over';

export class Session {
  readonly startedMs = monotonicMs();
  /** What had moved when somebody last looked for idle ones. */
  bytesSeen = -1;

  private phase: Phase = 'dialling';
  private server: Connection | undefined = undefined;
  private upstream: Upstream | undefined = undefined;
  private transfer: Transfer<TunnelAccount> | undefined = undefined;

  constructor(
    private readonly owner: SessionOwner,
    private readonly arrival: Arrival,
  ) {}

  get source(): string {
    return this.arrival.source;
  }

  /** What has moved until now. */
  get account(): TunnelAccount | undefined {
    return this.transfer?.account;
  }

  /** Bytes that have moved either way. */
  get bytesMoved(): number {
    const { account } = this;
    return account === undefined ? 0 : account.aToB.bytesOut + account.bToA.bytesOut;
  }

  /** Begins. Its end is told by `onSessionEnd`, and by nothing else. */
  async run(): Promise<void> {
    const { client, pool, source } = this.arrival;
    // What the client sends meanwhile, its FIN included, stays in the kernel for the upstream.
    client.pause();
    try {
      const isWanted = () => this.isWanted;
      const dialled = await dial(pool, source, { isWanted, signal: this.owner.closing });
      if (this.isWanted) this.join(dialled);
      else this.giveUp(dialled);
    } catch (failure) {
      this.break(client.isClosed ? 'client-broke' : 'unreachable', failure as Error);
    }
  }

  /** Ends it from here: what was taken from one side still goes to the other. */
  close(): void {
    const { client } = this.arrival;
    const { transfer, server } = this;
    this.end('stopped', undefined);
    transfer?.cancel();
    // Whether a side takes its last bytes is known to the kernel alone by now.
    client.close().catch(() => {});
    server?.close().catch(() => {});
  }

  /** Ends it at once: both sides are reset. */
  reset(outcome: 'stopped' | 'timed-out'): void {
    this.break(outcome, undefined);
  }

  private get isWanted(): boolean {
    return this.phase === 'dialling' && !this.arrival.client.isClosed;
  }

  private join({ connection, upstream }: Dialled): void {
    const { client } = this.arrival;
    this.phase = 'joined';
    this.server = connection;
    this.upstream = upstream;
    client.resume();
    this.transfer = join(client, connection, this.owner.joinOptions);
    this.transfer.then(
      () => this.end('completed', undefined),
      (failure: TransferFailure<TunnelAccount>) => this.onBroken(failure),
    );
  }

  /** The client has gone meanwhile. */
  private giveUp({ connection, upstream }: Dialled): void {
    connection.destroy();
    upstream.close();
    this.break('client-broke', undefined);
  }

  private onBroken(failure: TransferFailure<TunnelAccount>): void {
    if (this.phase === 'over') return;
    const { brokenEnd, bToA } = this.transfer!.account;
    // It accepts, and breaks before it has said a word: as bad as one that can't be connected to.
    if (brokenEnd === 'b' && bToA.bytesOut === 0) this.upstream!.onFailed(failure);
    const isLate = brokenEnd === undefined && (failure as Partial<IoError>).code === 'ETIMEDOUT';
    this.break(isLate ? 'timed-out' : brokenEnd === 'b' ? 'upstream-broke' : 'client-broke', failure);
  }

  private break(outcome: SessionOutcome, failure: Error | undefined): void {
    const { client } = this.arrival;
    const { server } = this;
    this.end(outcome, failure);
    client.reset();
    server?.reset();
  }

  /** Tells of it, once: whoever ends it first says why. */
  private end(outcome: SessionOutcome, failure: Error | undefined): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    const { source, pool } = this.arrival;
    const { upstream, account } = this;
    upstream?.close();
    this.owner.onSessionEnd(this, {
      outcome,
      source,
      upstream: upstream?.name ?? '',
      pool: pool.name,
      bytesToUpstream: account?.aToB.bytesOut ?? 0,
      bytesToClient: account?.bToA.bytesOut ?? 0,
      durationMs: monotonicMs() - this.startedMs,
      failure,
    });
  }
}
