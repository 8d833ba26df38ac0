/** A connection to one of a pool's upstreams for one request: a kept one or a new one, and another where one fails. */
import type { IoError } from '../../../../index.js';
import { connect, type Connection } from '../../../../index.js';
import { OWN_FAILURES } from '../../upstreams/dial.js';
import type { Pool } from '../../upstreams/pool.js';
import type { Upstream } from '../../upstreams/upstream.js';
import type { HttpGateway } from '../http-gateway.js';
import { UpstreamLink } from './upstream-link.js';

/** What a link is sought for. */
export interface LinkSeeker {
  onLink(link: UpstreamLink): void;
  /** @param status what the client is told: 502, 503 or 504. */
  onNoLink(status: number, why: string): void;
}

/** Where a request goes, and who asks. */
export interface FinderTerms {
  readonly pool: Pool;
  /** What the balancer knows the client by. */
  readonly source: string;
  /** What a connection begins with; undefined: nothing. It is of one client then, and not kept. */
  readonly greeting: Uint8Array | undefined;
}

const NONE: readonly Upstream[] = [];

export class LinkFinder {
  /** Whether the link was kept, so that its upstream may have closed it meanwhile. */
  isReused = false;
  private tried = NONE;
  private mayReuse = true;
  /** The one that is asked now: it is open. */
  private upstream: Upstream | undefined = undefined;
  /** What came of it is told. */
  private isJudged = false;
  private refusal: Error | undefined = undefined;
  private isDialling = false;
  private isOver = false;

  constructor(
    private readonly seeker: LinkSeeker,
    private readonly gateway: HttpGateway,
    private readonly terms: FinderTerms,
  ) {}

  /** The name of the upstream that is asked. */
  get upstreamName(): string {
    return this.upstream?.name ?? '';
  }

  find(): void {
    const { pool, source, greeting } = this.terms;
    if (this.tried.length >= pool.attempts) return this.fail();
    const upstream = pool.choose(source, this.tried);
    if (upstream === undefined) return this.fail();
    upstream.open();
    this.upstream = upstream;
    this.isJudged = false;
    const { idle, counts } = this.gateway;
    const link = this.mayReuse && greeting === undefined ? idle.take(upstream) : undefined;
    this.isReused = link !== undefined;
    if (link === undefined) return this.dial(upstream);
    counts.reused++;
    this.seeker.onLink(link);
  }

  /** The upstream has begun to answer. */
  onAnswered(): void {
    this.isJudged = true;
    this.upstream!.onAnswered();
  }

  /**
   * The upstream closed before it answered. If the link was kept, that says nothing of the upstream: a new one is made;
   * otherwise another upstream is tried.
   */
  findAgain(failure: Error): void {
    if (this.isReused) {
      this.mayReuse = false;
      this.release();
    } else this.onFailed(failure);
    this.find();
  }

  /** The upstream failed before it answered. */
  onFailed(failure: Error): void {
    const { upstream } = this;
    if (upstream === undefined) return;
    this.isJudged = true;
    upstream.onFailed(failure);
    this.refusal = failure;
    this.tried = [...this.tried, upstream];
    this.release();
  }

  /** The request is over, or its client has gone. */
  end(): void {
    this.isOver = true;
    // One that is being connected to is let go when it is.
    if (!this.isDialling) this.release();
  }

  private dial(upstream: Upstream): void {
    const { terms, counts } = this.gateway;
    this.isDialling = true;
    counts.dialled++;
    connect({ ...upstream.place, timeoutMs: this.terms.pool.connectTimeoutMs, signal: terms.closing }).then(
      connection => this.onConnected(upstream, connection),
      (failure: Error) => this.onRefused(failure),
    );
  }

  private onConnected(upstream: Upstream, connection: Connection): void {
    this.isDialling = false;
    upstream.onMade();
    const { gateway, seeker } = this;
    const { greeting } = this.terms;
    const link = new UpstreamLink(connection, upstream, gateway.idle, gateway.responseCeilings);
    if (this.isOver) {
      this.release();
      if (greeting === undefined) gateway.idle.give(link, undefined);
      else link.destroy();
      return;
    }
    if (greeting !== undefined) link.out.append(greeting);
    seeker.onLink(link);
  }

  private onRefused(failure: Error): void {
    this.isDialling = false;
    const isOwn = this.gateway.terms.closing.aborted || OWN_FAILURES.includes((failure as IoError).code);
    if (isOwn) this.release();
    else this.onFailed(failure);
    if (this.isOver) return;
    if (isOwn) this.seeker.onNoLink(503, 'Service Unavailable');
    else this.find();
  }

  private fail(): void {
    const code = (this.refusal as Partial<IoError> | undefined)?.code;
    if (code === undefined) this.seeker.onNoLink(503, 'Service Unavailable');
    else if (code === 'ETIMEDOUT') this.seeker.onNoLink(504, 'Gateway Timeout');
    else this.seeker.onNoLink(502, 'Bad Gateway');
  }

  private release(): void {
    const { upstream } = this;
    if (upstream === undefined) return;
    this.upstream = undefined;
    if (!this.isJudged) upstream.onSpared();
    upstream.close();
  }
}
