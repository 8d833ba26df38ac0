/** What all HTTP clients of a proxy have in common: routes, ceilings, kept connections, counters, the log. */
import { nextTick } from '../../../base/runtime-functions.js';
import { openAccessLog, type AccessLog, type LoggedRequest, type LoggedResponse } from '../../http/access-log.js';
import { Llhttp } from '../../http/llhttp.js';
import type { MessageCeilings } from '../../http/message-parser.js';
import { Phases } from '../../http/phases.js';
import type { CarrierTimeouts } from '../carriers/carrier.js';
import type { Pool } from '../upstreams/pool.js';
import { HttpCounts, type HttpProxyCounters, type HttpProxyPhase } from './http-counters.js';
import type { HttpProxyPlan } from './http-options.js';
import { HttpRoutes, plainPath } from './http-routes.js';
import { IdleLinks } from './links/idle-links.js';
import type { RequestOrigin } from './messages/request-lines.js';

/** What a gateway needs of its proxy. */
export interface GatewayTerms {
  readonly pools: ReadonlyMap<string, Pool>;
  /** Of connections that have changed to another protocol. */
  readonly tunnelTimeouts: CarrierTimeouts;
  /** Aborted when the proxy is closed. */
  readonly closing: AbortSignal;
  readonly onError: ((failure: Error) => void) | undefined;
}

export class HttpGateway {
  readonly phases: Phases<HttpProxyPhase>;
  readonly idle: IdleLinks;
  readonly responseCeilings: MessageCeilings;
  /** Clients are let go behind the response that is under way. */
  isDraining = false;
  private clients = 0;
  private isRetired = false;
  private readonly routes: HttpRoutes<Pool>;
  private log: AccessLog | undefined = undefined;

  /** @param counts those of the gateway before this one, if there was one. */
  constructor(
    readonly plan: HttpProxyPlan,
    readonly terms: GatewayTerms,
    readonly counts = new HttpCounts(),
  ) {
    const { timeouts, ceilings, keepAlive, routes } = plan;
    const { idleMs, headMs, bodyMs, writeMs, sendMs, responseMs, responseBodyMs } = timeouts;
    const delays = { idle: idleMs, head: headMs, body: bodyMs, write: writeMs };
    this.phases = new Phases({ ...delays, send: sendMs, response: responseMs, responseBody: responseBodyMs });
    this.idle = new IdleLinks(keepAlive);
    const { maxResponseHeadBytes, maxFields } = ceilings;
    this.responseCeilings = {
      maxTargetBytes: maxResponseHeadBytes,
      maxHeadBytes: maxResponseHeadBytes,
      maxFields: Math.max(maxFields, MOST_RESPONSE_FIELDS),
    };
    this.routes = new HttpRoutes(routes, name => terms.pools.get(name));
  }

  /** Opens what it needs. @throws (by the promise) what opening the log throws. */
  async open(): Promise<void> {
    // What is missing is found out here, and not by the first client.
    Llhttp.get();
    const { accessLog } = this.plan;
    if (accessLog !== undefined) this.log = await openAccessLog(accessLog);
  }

  close(): void {
    this.idle.close();
    this.phases.close();
    this.log?.close();
  }

  /** Another one takes its place: its clients are let go behind their responses, and then it is closed. */
  retire(): void {
    this.isDraining = true;
    this.isRetired = true;
    this.idle.close();
    this.closeIfLeft();
  }

  onClient(): void {
    this.clients++;
  }

  onClientOver(): void {
    this.clients--;
    this.closeIfLeft();
  }

  private closeIfLeft(): void {
    if (this.isRetired && this.clients === 0) this.close();
  }

  reopenLog(): void {
    this.log?.reopen();
  }

  /**
   * The pool for a request.
   * @param otherwise where requests go that no route takes.
   * @returns undefined: there is none. 'above': the path leads above the root.
   */
  poolFor(host: string, path: string, otherwise: Pool | undefined): Pool | undefined | 'above' {
    const plain = plainPath(path);
    if (plain === undefined) return 'above';
    return this.routes.find(host, plain) ?? otherwise;
  }

  onExchangeOver(record: LoggedRequest & LoggedResponse, isBroken: boolean): void {
    if (isBroken) this.counts.broken++;
    else this.counts.responses[Math.floor(record.status / 100)]++;
    if (this.log === undefined) return;
    try {
      this.log.write(record, record);
    } catch (failure) {
      const { onError } = this.terms;
      if (onError !== undefined) nextTick(onError, failure);
    }
  }

  snapshot(): HttpProxyCounters {
    return this.counts.snapshot(this.idle.size);
  }
}

/** @param source an IP address; empty for a client that has none. */
export function originOf(source: string, isSecure: boolean, { plan }: HttpGateway): RequestOrigin {
  const isTrusted = plan.trustedForwarders?.has(source) === true;
  return { source, isTrusted, scheme: isSecure ? 'https' : 'http' };
}

/** Programs set more cookies than clients have fields. */
const MOST_RESPONSE_FIELDS = 500;
