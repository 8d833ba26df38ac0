/**
 * One client from its acceptance to its end: it is received, an upstream is found, and the two are carried to their
 * end.
 */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';
import { IoError, type Connection } from '../../../index.js';
import { secure, SecureConnection } from '../../../node.js';
import type { Carrier, CarrierEnd, CarrierTimeouts } from '../carriers/carrier.js';
import { Joined } from '../carriers/joined.js';
import { Secured } from '../carriers/secured.js';
import { plainAddress } from '../access/networks.js';
import { sourceOf } from '../addresses.js';
import { HttpClient } from '../http/exchanges/http-client.js';
import { originOf, type HttpGateway } from '../http/http-gateway.js';
import { headerOf } from '../introduction/proxy-protocol/own-header.js';
import { introduce, readsFirst, type Introduction, type Reception } from '../introduction/reception.js';
import { dial, type Dialled } from '../upstreams/dial.js';
import type { Upstream } from '../upstreams/upstream.js';
import type { RefusalReason, SessionOutcome, SessionRecord } from './session-record.js';

/** The proxy, as a session sees it. */
export interface SessionOwner {
  readonly timeouts: CarrierTimeouts & { readonly headMs: number };
  /** Aborted when the proxy is closed. */
  readonly closing: AbortSignal;
  /** Whether a client's address is asked for, whatever the pool. */
  readonly asksSource: boolean;
  /** Why a client of this address may not come; undefined: it may, and is counted. */
  refusalOf(session: Session): RefusalReason | undefined;
  onRefused(reason: RefusalReason): void;
  onCarried(session: Session, carrier: Carrier): void;
  onSessionEnd(session: Session, record: SessionRecord): void;
}

/** Where a client came in. */
export interface Arrival {
  readonly reception: Reception;
  /** Undefined: it was accepted elsewhere. */
  readonly entrance: { onClientGone(): void } | undefined;
}

type Phase = 'received' | 'dialling' | 'carried' | 'over';

/**
 * A connection that has ended and is left alone is closed after two seconds; to pause each at once costs a system call.
 */
const SLOW_DIAL_MS = 1000;

const OUTCOMES: Readonly<Record<CarrierEnd, SessionOutcome>> = {
  completed: 'completed',
  late: 'timed-out',
  'client-broke': 'client-broke',
  'upstream-broke': 'upstream-broke',
};

export class Session {
  readonly startedMs = monotonicMs();
  carrier: Carrier | undefined = undefined;
  /** Whether it is among the counted ones of its source. */
  isCounted = false;
  /** What had moved when somebody last looked for idle ones. */
  bytesSeen = -1;

  private phase: Phase = 'received';
  private introduction: Introduction | undefined = undefined;
  private upstream: Upstream | undefined = undefined;
  private server: Connection | undefined = undefined;

  constructor(
    private readonly owner: SessionOwner,
    /** Of a listener with TLS a secure one takes its place. */
    private client: Connection | SecureConnection,
    private readonly arrival: Arrival,
  ) {}

  get reception(): Reception {
    return this.arrival.reception;
  }

  get entrance(): Arrival['entrance'] {
    return this.arrival.entrance;
  }

  /** The client's address; empty if nothing asked for it. */
  get source(): string {
    return this.introduction?.source ?? '';
  }

  /** The name of the class whose rate it shares. */
  get bandwidthClass(): string | undefined {
    return this.reception.bandwidthClass ?? this.introduction?.pool?.bandwidthClass;
  }

  /** Bytes that have moved either way. */
  get bytesMoved(): number {
    const { carrier } = this;
    return carrier === undefined ? 0 : carrier.bytesToUpstream + carrier.bytesToClient;
  }

  /** Begins. Its end is told by `onSessionEnd`, and by nothing else. */
  async run(): Promise<void> {
    const { owner, reception } = this;
    try {
      if (readsFirst(reception) || reception.tls !== undefined) await this.receive();
      else this.introduction = this.plainIntroduction();
      const { pool } = this.introduction!;
      if (!this.isWanted) this.break('client-broke', undefined);
      else {
        const isLost = (pool ?? reception.http) === undefined;
        const refusal = isLost ? 'no-pool' : owner.refusalOf(this);
        if (refusal !== undefined) this.refuse(refusal);
        else if (reception.http !== undefined) this.serveHttp(reception.http);
        else await this.dial(pool!);
      }
    } catch (failure) {
      this.break(this.outcomeOf(failure as Error), failure as Error);
    }
  }

  /** Whether its client is owed something, though no byte moves. */
  get isBusy(): boolean {
    return this.carrier?.isBusy === true;
  }

  /** Begins nothing more: a client that is owed nothing is let go. */
  drain(): void {
    this.carrier?.drain?.();
  }

  /** Ends it from here: what was taken from one side still goes to the other. */
  close(): void {
    const { carrier, client, server } = this;
    this.end('stopped', undefined);
    carrier?.release();
    // Whether a side takes its last bytes is known to the kernel alone by now.
    client.close().catch(() => {});
    server?.close().catch(() => {});
  }

  /** Ends it at once: both sides are reset. */
  reset(outcome: 'stopped' | 'timed-out'): void {
    this.carrier?.release();
    this.break(outcome, undefined);
  }

  private get isWanted(): boolean {
    return this.phase !== 'over' && !this.client.isClosed;
  }

  /** Reads what has to be read, and speaks TLS if it is to end here; all of it within a bound. */
  private async receive(): Promise<void> {
    const { reception, owner } = this;
    const client = this.client as Connection;
    const { headMs } = owner.timeouts;
    const late = new IoError('ETIMEDOUT', 'read', undefined, `the first words of a client took ${headMs} ms`);
    const timer = headMs === 0 ? undefined : setTimeout(() => client.reset(late), headMs);
    try {
      this.introduction = await introduce(client, reception);
      const { tls } = reception;
      if (tls === undefined || !this.isWanted) return;
      this.client = await secure(client, { role: 'server', tls, handshakeTimeoutMs: headMs, signal: owner.closing });
    } finally {
      clearTimeout(timer);
    }
  }

  private plainIntroduction(): Introduction {
    const { owner, reception } = this;
    const { pool, access, http } = reception;
    const isAsked = http !== undefined || owner.asksSource || access.refusesSome || pool?.asksSource === true;
    const client = this.client as Connection;
    const source = isAsked ? sourceOf(client.remoteAddress) : '';
    return { source, header: pool?.greets === true ? headerOf(client) : undefined, pool };
  }

  private refuse(reason: RefusalReason): void {
    this.owner.onRefused(reason);
    this.break('refused', undefined);
  }

  private serveHttp(gateway: HttpGateway): void {
    const { client, introduction } = this;
    const { source, pool, header } = introduction!;
    this.phase = 'carried';
    this.carry(
      new HttpClient(client, gateway, {
        origin: originOf(plainAddress(source), client instanceof SecureConnection, gateway),
        pool,
        greetingFor: each => (each.greets ? each.greeting(header ?? headerOf(client as Connection)) : undefined),
      }),
    );
  }

  private async dial(pool: NonNullable<Introduction['pool']>): Promise<void> {
    const { owner, client } = this;
    this.phase = 'dialling';
    // What the client sends stays in the kernel for the upstream. Paused, it may also end, and wait for an answer.
    const slow = setTimeout(() => client.pause(), SLOW_DIAL_MS);
    try {
      const isWanted = () => this.isWanted;
      const dialled = await dial(pool, this.source, { isWanted, signal: owner.closing });
      if (isWanted()) this.join(dialled);
      else this.giveUp(dialled);
    } finally {
      clearTimeout(slow);
    }
  }

  private join({ connection, upstream }: Dialled): void {
    const { client, owner, introduction } = this;
    this.phase = 'carried';
    this.server = connection;
    this.upstream = upstream;
    const greeting = introduction!.pool!.greeting(introduction!.header);
    if (greeting !== undefined) connection.send(greeting);
    client.resume();
    this.carry(
      client instanceof SecureConnection
        ? new Secured(client, connection, owner.timeouts)
        : new Joined(client, connection, owner.timeouts),
    );
  }

  private carry(carrier: Carrier): void {
    this.carrier = carrier;
    carrier.onOver = (end, failure) => this.onOver(end, failure);
    this.owner.onCarried(this, carrier);
  }

  /** The client has gone meanwhile. */
  private giveUp({ connection, upstream }: Dialled): void {
    connection.destroy();
    upstream.close();
    this.break('client-broke', undefined);
  }

  private onOver(end: CarrierEnd, failure: Error | undefined): void {
    // It accepts, and breaks before it has said a word: as bad as one that can't be connected to.
    if (end === 'upstream-broke' && failure !== undefined && this.carrier!.bytesToClient === 0) {
      this.upstream?.onFailed(failure);
    }
    if (end === 'completed') this.end('completed', undefined);
    else this.break(OUTCOMES[end], failure);
  }

  private outcomeOf(failure: Error): SessionOutcome {
    const { code } = failure as Partial<IoError>;
    if (this.phase === 'dialling') return this.client.isClosed ? 'client-broke' : 'unreachable';
    return code === 'EPROTO' ? 'invalid' : code === 'ETIMEDOUT' ? 'timed-out' : 'client-broke';
  }

  private break(outcome: SessionOutcome, failure: Error | undefined): void {
    const { client, server } = this;
    this.end(outcome, failure);
    if (client instanceof SecureConnection) client.destroy();
    else client.reset();
    server?.reset();
  }

  /** Tells of it, once: the first reason counts. */
  private end(outcome: SessionOutcome, failure: Error | undefined): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    const { source, upstream, carrier, introduction } = this;
    upstream?.close();
    this.owner.onSessionEnd(this, {
      outcome,
      source,
      upstream: upstream?.name ?? '',
      pool: introduction?.pool?.name ?? '',
      bytesToUpstream: carrier?.bytesToUpstream ?? 0,
      bytesToClient: carrier?.bytesToClient ?? 0,
      durationMs: monotonicMs() - this.startedMs,
      failure,
    });
  }
}
