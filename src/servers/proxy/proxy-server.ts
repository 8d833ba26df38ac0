/** A proxy for TCP and Unix sockets: its listeners, its pools, and the clients that it has. */
import { Connection, IoError, type Listener } from '../../index.js';
import { kindOf } from '../../base/arguments.js';
import { monotonicMs, nextTick } from '../../base/runtime-functions.js';
import { BandwidthClass } from './bandwidth/bandwidth-class.js';
import type { Carrier } from './carriers/carrier.js';
import { HttpGateway } from './http/http-gateway.js';
import { plainReception, type Reception } from './introduction/reception.js';
import { Routes } from './introduction/routes.js';
import { Entrance } from './listeners/entrance.js';
import type { ListenPlan } from './listeners/listen-options.js';
import { keptPlaces } from '../places/kept-places.js';
import { SourceCounts } from './limits/source-counts.js';
import { Monitors, type MonitorAddresses } from '../monitor/monitors.js';
import type { ServerReport } from '../monitor/server-report.js';
import { proxyPlan, type ProxyOptions, type ProxyPlan } from './proxy-options.js';
import type { ProxySnapshot } from './proxy-snapshot.js';
import { reportOf } from './report.js';
import { drainPlan, drainSessions, type ProxyDrainOptions, type ProxyDrainResult } from './session/draining.js';
import { checkSameLog, ConnectionLog } from './session/connection-log.js';
import { Session } from './session/session.js';
import type { RefusalReason, SessionRecord } from './session/session-record.js';
import { Sessions } from './session/sessions.js';
import { Tally } from './session/tally.js';
import { Pool } from './upstreams/pool.js';

const DEFAULT_POOL = 'default';

/** A proxy, made by `createProxy`. It serves in the thread that made it. */
export class ProxyServer {
  private readonly closer = new AbortController();
  private pools: ReadonlyMap<string, Pool>;
  private entrances: readonly Entrance[] = [];
  private readonly sessions: Sessions;
  private readonly sources: SourceCounts;
  private readonly tally = new Tally();
  private log: ConnectionLog | undefined = undefined;
  private readonly ownMonitors = new Monitors();
  private readonly classes = new Map<string, BandwidthClass>();
  /** The last reload that was asked for. */
  private reloading: Promise<void> = Promise.resolve();
  private isDraining = false;
  private gateway: HttpGateway | undefined;

  /** @internal Made by `createProxy`. */
  constructor(private plan: ProxyPlan) {
    const { timeouts, limits } = plan;
    this.sessions = new Sessions(timeouts.lifetimeMs);
    this.sources = new SourceCounts(limits.connectionsPerSource);
    this.tuneClasses();
    this.pools = poolsOf(plan);
    this.gateway = this.gatewayOf(plan, this.pools);
  }

  /** @internal Looks upstreams up, and begins to listen. */
  async open(): Promise<void> {
    try {
      await Promise.all([...this.pools.values()].map(pool => pool.open()));
      await this.ownMonitors.open(this.plan, this);
      await this.gateway?.open();
      const { connectionLog } = this.plan;
      if (connectionLog !== undefined) this.log = await ConnectionLog.open(connectionLog);
      for (const listen of this.plan.listen) this.entrances = [...this.entrances, await Entrance.listen(listen)];
      this.letIn();
    } catch (failure) {
      await this.close();
      throw failure;
    }
  }

  /** Its listeners, in the order of the options. */
  get listeners(): readonly Listener[] {
    return this.entrances.map(({ listener }) => listener);
  }

  /** Where it tells of itself: see the options `metrics` and `status`. */
  get monitors(): MonitorAddresses {
    return this.ownMonitors.addresses;
  }

  /** Clients that are not through. */
  get size(): number {
    return this.sessions.size;
  }

  /** It was closed: by `close`, or at the end of `drain`. */
  get isClosed(): boolean {
    return this.closer.signal.aborted;
  }

  /**
   * Takes a client that was accepted elsewhere, such as by a service of a `Runtime`. From here on the connection is the
   * proxy's.
   *
   * @param pool the name of where it goes. Default: `pool` of the options.
   * @throws TypeError no connection, no such pool. @throws IoError EBADF: the proxy is closed.
   */
  take(client: Connection, pool = DEFAULT_POOL): void {
    if (!(client instanceof Connection)) throw new TypeError(`client: ${kindOf(client)}; allowed: a Connection`);
    const found = this.pools.get(pool);
    if (found === undefined) throw new TypeError(`pool: '${pool}'; allowed: ${[...this.pools.keys()].join(', ')}`);
    if (this.isClosed) throw new IoError('EBADF', 'take', undefined, 'the proxy is closed');
    this.begin(client, plainReception(found, this.gateway), undefined);
  }

  /** Takes the log's file anew, which was renamed. */
  reopenLog(): void {
    this.log?.reopen();
    this.gateway?.reopenLog();
  }

  /**
   * Goes on with other options, and no connection is dropped. Listeners that stay go on without a gap, others are
   * opened, and those that are not named any more are drained. Upstreams that stay keep their health and what they
   * have counted. Clients that are under way keep their upstream and their timeouts.
   *
   *     process.on('SIGHUP', () => proxy.reload(readOptions()).catch(failure => console.error(failure.message)));
   *
   * @returns a promise that resolves when all is as the options say.
   * @throws (by the promise) what `createProxy` throws, and all goes on as before. TypeError: what a listener that
   *   stays can't change. IoError EBADF: the proxy is closed or being drained.
   */
  reload(options: ProxyOptions): Promise<void> {
    const reloading = this.reloading.then(() => this.renew(proxyPlan(options)));
    this.reloading = reloading.catch(() => {});
    return reloading;
  }

  /** What it is and has done until now. */
  snapshot(): ProxySnapshot {
    return {
      accepted: this.tally.accepted,
      open: this.sessions.size,
      outcomes: { ...this.tally.outcomes },
      refused: { ...this.tally.refused },
      bytes: this.tally.bytesWith(this.sessions.carriers()),
      listeners: this.entrances.map(entrance => entrance.snapshot()),
      pools: Object.fromEntries([...this.pools].map(([name, pool]) => [name, pool.snapshot()])),
      http: this.gateway?.snapshot(),
    };
  }

  /**
   * What it is and has done, with the thread that it runs in, as plain data: for a thread that shows several.
   *
   *     worker.endpoint.answer('report', () => proxy.report());
   */
  report(): ServerReport {
    return reportOf(this.snapshot(), this.tally.connectingMs());
  }

  /**
   * Stops in order: nobody new is let in, clients come to their ends, those that are idle are closed, and at the
   * deadline the others are reset. Of several calls the first deadline counts.
   *
   * @returns a promise that resolves when no client is left.
   * @throws TypeError, RangeError (by the promise) an option that makes no sense: nothing has been stopped then.
   */
  async drain(options: ProxyDrainOptions = {}): Promise<ProxyDrainResult> {
    const plan = drainPlan(options);
    this.isDraining = true;
    if (this.gateway !== undefined) this.gateway.isDraining = true;
    const nobodyComes = Promise.all(this.entrances.map(entrance => entrance.drain()));
    const result = await drainSessions(this.sessions, plan, nobodyComes);
    await this.close();
    return result;
  }

  /** Stops at once: clients are reset. @returns a promise that resolves when nothing is open any more. */
  async close(): Promise<void> {
    this.closer.abort(new IoError('ECANCELED', 'connect', undefined, 'the proxy was closed'));
    for (const pool of this.pools.values()) pool.close();
    for (const session of this.sessions) session.reset('stopped');
    this.gateway?.close();
    await Promise.all([...this.entrances.map(entrance => entrance.close()), this.ownMonitors.close()]);
    this.log?.close();
    this.log = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // For its sessions

  /** @internal */
  get closing(): AbortSignal {
    return this.closer.signal;
  }

  /** @internal */
  get timeouts(): ProxyPlan['timeouts'] {
    return this.plan.timeouts;
  }

  /** @internal */
  get asksSource(): boolean {
    return this.sources.isLimited || this.log !== undefined || this.plan.onEnd !== undefined;
  }

  /** @internal */
  refusalOf(session: Session): RefusalReason | undefined {
    const { source, reception } = session;
    if (!reception.access.allows(source)) return 'list';
    if (!this.sources.isLimited) return undefined;
    session.isCounted = this.sources.add(source);
    return session.isCounted ? undefined : 'source-limit';
  }

  /** @internal */
  onRefused(reason: RefusalReason): void {
    this.tally.refused[reason]++;
  }

  /** @internal */
  onCarried(session: Session, carrier: Carrier): void {
    if (this.tally.measures) this.tally.onConnected(monotonicMs() - session.startedMs);
    const { bytesPerSecond } = this.plan.limits;
    if (bytesPerSecond !== Infinity) carrier.bytesPerSecond = bytesPerSecond;
    this.classOf(session)?.add(carrier);
  }

  /** @internal */
  onSessionEnd(session: Session, record: SessionRecord): void {
    const { sessions, sources, plan } = this;
    sessions.remove(session);
    this.tally.add(record.outcome, session.carrier);
    if (session.carrier !== undefined) this.classOf(session)?.remove(session.carrier);
    if (session.isCounted) sources.remove(session.source);
    session.entrance?.onClientGone();
    if (sessions.size < plan.limits.connections) for (const { gate } of this.entrances) gate.release('proxy');
    this.log?.write(record);
    // What it throws is its own trouble, and must not keep sockets open.
    if (plan.onEnd !== undefined) nextTick(plan.onEnd, record);
  }

  private async renew(plan: ProxyPlan): Promise<void> {
    this.checkRuns();
    this.ownMonitors.checkSame(plan);
    checkSameLog(plan, this.plan);
    const { kept, gone } = keptPlaces(plan.listen, this.entrances);
    const pools = poolsOf(plan, this.pools);
    const gateway = this.gatewayOf(plan, pools);
    const opened: Entrance[] = [];
    let entrances: Entrance[];
    try {
      await Promise.all([...pools.values()].map(pool => pool.open()));
      await gateway?.open();
      for (const [index, listen] of plan.listen.entries()) {
        if (kept[index] === undefined) opened.push(await Entrance.listen(listen));
      }
      this.checkRuns();
      const fresh = opened.values();
      entrances = kept.map(each => each ?? fresh.next().value!);
    } catch (failure) {
      for (const pool of pools.values()) pool.close();
      gateway?.close();
      await Promise.all(opened.map(entrance => entrance.close()));
      throw failure;
    }
    // From here on nothing can fail.
    this.reopenLog();
    const { pools: before } = this;
    this.plan = plan;
    this.pools = pools;
    this.gateway?.retire();
    this.gateway = gateway;
    for (const [name, pool] of before) if (!pools.has(name)) pool.close();
    this.entrances = entrances;
    this.sessions.retune(plan.timeouts.lifetimeMs);
    this.sources.most = plan.limits.connectionsPerSource;
    this.tuneClasses();
    this.letIn();
    for (const entrance of gone) void entrance.drain();
  }

  /** Begins with its pools and listeners, as the plan says. */
  private letIn(): void {
    const { plan, entrances, sessions } = this;
    for (const pool of this.pools.values()) pool.begin();
    const isFull = sessions.size >= plan.limits.connections;
    for (const [index, entrance] of entrances.entries()) {
      const reception = this.receptionOf(plan.listen[index]);
      entrance.begin(plan.listen[index], (at, client) => this.begin(client, reception, at), plan.onError);
      if (isFull) entrance.gate.hold('proxy');
    }
  }

  /** Classes of before live on for as long as clients share them. */
  private tuneClasses(): void {
    const { classes, plan } = this;
    const { limits } = plan;
    for (const [name, shared] of classes) if (!limits.classes.has(name) && shared.size === 0) classes.delete(name);
    for (const [name, { bytesPerSecond }] of limits.classes) {
      const known = classes.get(name);
      if (known === undefined) classes.set(name, new BandwidthClass(bytesPerSecond, limits.bytesPerSecond));
      else known.retune(bytesPerSecond, limits.bytesPerSecond);
    }
  }

  private checkRuns(): void {
    if (this.isClosed || this.isDraining)
      throw new IoError('EBADF', 'reload', undefined, 'the proxy is closed or being drained');
  }

  private begin(client: Connection, reception: Reception, entrance: Entrance | undefined): void {
    const { sessions, plan } = this;
    const session = new Session(this, client, { reception, entrance });
    sessions.add(session);
    this.tally.accepted++;
    if (sessions.size >= plan.limits.connections) for (const { gate } of this.entrances) gate.hold('proxy');
    void session.run();
  }

  private gatewayOf(plan: ProxyPlan, pools: ReadonlyMap<string, Pool>): HttpGateway | undefined {
    const { http, timeouts, onError } = plan;
    if (http === undefined) return undefined;
    const terms = { pools, tunnelTimeouts: timeouts, closing: this.closer.signal, onError };
    return new HttpGateway(http, terms, this.gateway?.counts);
  }

  private classOf({ bandwidthClass }: Session): BandwidthClass | undefined {
    return bandwidthClass === undefined ? undefined : this.classes.get(bandwidthClass);
  }

  private receptionOf({ access, trustedProxies, routes, tls, protocol, pool, bandwidthClass }: ListenPlan): Reception {
    const { pools } = this;
    return {
      access,
      trusted: trustedProxies,
      routes: new Routes(routes),
      tls,
      http: protocol === 'tcp' ? undefined : this.gateway,
      pool: pools.get(pool ?? DEFAULT_POOL),
      pools,
      bandwidthClass,
    };
  }
}

/** @param former those of before, whose upstreams go on. */
function poolsOf({ pool, pools }: ProxyPlan, former?: ReadonlyMap<string, Pool>): ReadonlyMap<string, Pool> {
  const named = pool === undefined ? pools : new Map([[DEFAULT_POOL, pool] as const, ...pools]);
  return new Map([...named].map(([name, plan]) => [name, new Pool(name, plan, former?.get(name))]));
}

/**
 * Starts a proxy for TCP and Unix sockets.
 *
 *     const proxy = await createProxy({
 *       listen: { port: 5432 },
 *       pool: { upstreams: [{ host: '10.0.0.1', port: 5432 }, { host: '10.0.0.2', port: 5432, backup: true }] },
 *     });
 *
 * @returns a promise that resolves when it listens.
 * @throws TypeError, RangeError (by the promise) an option that makes no sense, named. IoError ENOTFOUND: a name has no
 *   address; EADDRINUSE and what else `listen` throws: nothing is left open then.
 */
export async function createProxy(options: ProxyOptions): Promise<ProxyServer> {
  const proxy = new ProxyServer(proxyPlan(options));
  await proxy.open();
  return proxy;
}
