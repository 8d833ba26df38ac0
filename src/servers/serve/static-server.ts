/** A server of the files of a directory: its sites, its listeners, and the connections that they have accepted. */
import { IoError, listen, type Connection, type Listener, type ListenOptions } from '../../index.js';
import { secure } from '../../node.js';
import { abortSignal, milliseconds, valuesOf, type OptionTable, type OptionValues } from '../../base/options.js';
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import { openAccessLog, type AccessLog } from '../http/access-log.js';
import { HttpConnection, type Peer } from '../http/http-connection.js';
import type { ByteStream } from '../http/byte-stream.js';
import type { HttpCeilingValues } from '../http/http-options.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
import { keptPlaces } from '../places/kept-places.js';
import { Llhttp } from '../http/llhttp.js';
import type { Refusal } from '../http/message-parser.js';
import { Phases, type Phase } from '../http/phases.js';
import { Monitors, type MonitorAddresses } from '../monitor/monitors.js';
import type { ServerReport } from '../monitor/server-report.js';
import { Certificate } from './certificate.js';
import { Counters, type StaticServerCounters } from './counters.js';
import type { Hosts } from './hosts.js';
import { openHosts } from './hosts.js';
import { reportOf } from './report.js';
import { remoteAddressOf } from './remote-address.js';
import { Routes, type RouteHandler } from './routes.js';
import { SERVER_OPTIONS, siteOptionsOf, type ServedPlace, type StaticServerOptions } from './server-options.js';
import { delaysOf, failureTold, isOfOptions, openPlace, placesOf, Renewal, type Accepting } from './renewal.js';
import type { OnFailure } from './site.js';

type ServerValues = OptionValues<typeof SERVER_OPTIONS>;

/** Options of `server.drain`. */
export interface StaticDrainOptions {
  /** Connections that are open by then are broken off. Default 10 s; 0 is at once. */
  readonly deadlineMs?: number;
  /** Aborting it breaks off what is open. */
  readonly signal?: AbortSignal;
}

const DRAIN_OPTIONS = {
  deadlineMs: milliseconds(10_000),
  signal: abortSignal(),
} satisfies OptionTable<StaticDrainOptions>;

/**
 * Serves the files of a directory over HTTP/1.1.
 *
 *     const server = await createStaticServer({ directory: 'public', listen: { port: 8080 } });
 *     const plain = { 'Content-Type': 'text/plain' };
 *     server.route('/time', (_request, response) => response.send(200, plain, new Date().toISOString()));
 *
 * @returns the server, which listens. It keeps the process running until it is closed.
 * @throws (by the promise) IoError: what `openDirectory` and `listen` throw; TypeError, RangeError: an option that
 *   makes no sense, named.
 */
export async function createStaticServer(options: StaticServerOptions): Promise<StaticServer> {
  const values = valuesOf(SERVER_OPTIONS, options);
  const onFailure = failureTold(values);
  const hosts = await openHosts(siteOptionsOf(options), values.hosts, onFailure);
  const server = new StaticServer(hosts, values, onFailure);
  try {
    await server.begin(values);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** A server of static files. `createStaticServer` makes one. */
export class StaticServer {
  /** @internal */
  ceilings: HttpCeilingValues;
  /** @internal */
  readonly phases: Phases;
  private accepting: readonly Accepting[] = [];
  private readonly connections = new Set<HttpConnection>();
  private readonly routes: Routes;
  private readonly tally = new Counters();
  private log: AccessLog | undefined = undefined;
  private readonly ownMonitors = new Monitors();
  private certificate: Certificate | undefined = undefined;
  private handshakes = new AbortController();
  /** The last reload that was asked for. */
  private reloading: Promise<void> = Promise.resolve();
  private state: 'serving' | 'draining' | 'closed' = 'serving';
  private closing: Promise<void> | undefined = undefined;
  /** Each drain that waits. */
  private readonly whenEmpty = new Set<() => void>();

  /** @internal Made by `createStaticServer`. */
  constructor(
    private hosts: Hosts,
    { ceilings, timeouts }: ServerValues,
    private onFailure: OnFailure,
  ) {
    this.ceilings = ceilings;
    this.phases = new Phases(delaysOf(timeouts));
    this.routes = new Routes(onFailure);
  }

  /** @internal Opens what it needs, and listens. */
  async begin({ accessLog, tls, listen: places, metrics, status }: ServerValues): Promise<void> {
    // What is missing is found out here, and not by the first client.
    Llhttp.get();
    if (accessLog !== undefined) this.log = await openAccessLog(accessLog);
    await this.ownMonitors.open({ metrics, status }, this);
    if (tls !== undefined) this.certificate = await Certificate.open(tls, this.onFailure);
    for (const place of placesOf(places)) this.accept(await openPlace(place), place);
  }

  /** The port of its first listener. @throws TypeError it listens nowhere, or on a path. */
  get port(): number {
    if (this.accepting.length === 0) throw new TypeError('port: the server listens nowhere');
    return this.accepting[0].listener.port;
  }

  /** Its listeners, in the order of the options. */
  get listeners(): readonly Listener[] {
    return this.accepting.map(({ listener }) => listener);
  }

  /** What it has counted. */
  get counters(): StaticServerCounters {
    return this.tally.snapshot(this.connections.size);
  }

  /**
   * What it is and has done, with the thread that it runs in, as plain data: for a thread that shows several.
   *
   *     worker.endpoint.answer('report', () => server.report());
   */
  report(): ServerReport {
    return reportOf(this.tally, this.connections.size, this.certificate !== undefined);
  }

  /** Where it tells of itself: see the options `metrics` and `status`. */
  get monitors(): MonitorAddresses {
    return this.ownMonitors.addresses;
  }

  /** Listens there, too. @returns the listener, which the server closes. @throws what `listen` of `pollux` throws. */
  async listen(options: ListenOptions): Promise<Listener> {
    return this.accept(await listen(options), undefined);
  }

  /**
   * Goes on with other options, and no connection is dropped: sites, rules, hosts, certificate and log are those of the
   * options for all requests that come from now on, also of connections that are open. Listeners that stay go on
   * without a gap, others are opened, and those that are not named any more are drained. Routes and listeners of
   * `listen()` stay.
   *
   *     process.on('SIGHUP', () => server.reload(readOptions()).catch(failure => console.error(failure.message)));
   *
   * @returns a promise that resolves when all is as the options say.
   * @throws (by the promise) what `createStaticServer` throws, and all goes on as before. TypeError: what can't change
   *   while it runs. IoError EBADF: the server is closed or being drained.
   */
  reload(options: StaticServerOptions): Promise<void> {
    const reloading = this.reloading.then(() => this.renew(options));
    this.reloading = reloading.catch(() => {});
    return reloading;
  }

  /**
   * Has a handler answer a path and all below it, in the place of files. The longest path counts.
   *
   *     server.route('/echo', async (request, response) => {
   *       response.begin(200);
   *       for await (const chunk of request) await response.write(chunk);
   *       response.end();
   *     });
   *
   * @throws TypeError a path that does not begin with a slash, or no function.
   */
  route(path: string, handler: RouteHandler): void {
    this.routes.add(path, handler);
  }

  /**
   * Serves a connection that was accepted elsewhere: it is the server's from now on. With `tls` the handshake comes
   * first.
   */
  serve(connection: Connection): void {
    this.tally.accepted++;
    if (this.certificate === undefined) return this.serveStream(connection, connection);
    const { signal } = this.handshakes;
    secure(connection, {
      role: 'server',
      tls: this.certificate.current,
      signal,
      handshakeTimeoutMs: HANDSHAKE_MS,
    }).then(
      secured => this.serveStream(secured, { remoteAddress: remoteAddressOf(secured.tlsSocket) }),
      () => this.tally.failedHandshakes++,
    );
  }

  /** Takes the log's file anew, which was renamed. */
  reopenLog(): void {
    this.log?.reopen();
  }

  /** Reads certificate and key again. @throws (by the promise) what is wrong with them: the old ones stay. */
  async reloadCertificate(): Promise<void> {
    await this.certificate?.reload();
  }

  /**
   * Stops accepting, closes what is idle, and lets responses that are under way come to their end. Of several calls the
   * first deadline counts.
   *
   * @returns a promise that resolves when all is closed: how many connections were broken off at the deadline.
   */
  async drain(options: StaticDrainOptions = {}): Promise<{ readonly brokenOff: number }> {
    const { deadlineMs, signal } = valuesOf(DRAIN_OPTIONS, options);
    if (this.state === 'serving') this.state = 'draining';
    await Promise.all(this.listeners.map(listener => listener.drain()));
    for (const connection of this.connections) connection.drain();
    await this.untilEmpty(deadlineMs, signal);
    const brokenOff = this.connections.size;
    await this.close();
    return { brokenOff };
  }

  /**
   * Closes all at once: responses that are under way break off.
   * @returns a promise that resolves when all is closed.
   */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  private async renew(options: StaticServerOptions): Promise<void> {
    this.checkServes();
    const values = valuesOf(SERVER_OPTIONS, options);
    this.ownMonitors.checkSame(values);
    const { kept, gone } = keptPlaces(placesOf(values.listen), this.accepting.filter(isOfOptions));
    const made = await Renewal.open(options, values, { kept, inUse: this.log });
    if (this.state !== 'serving') await made.drop(this.log);
    this.checkServes();
    // From here on nothing can fail.
    const { hosts, certificate, log } = this;
    this.onFailure = made.onFailure;
    this.hosts = made.hosts;
    this.certificate = made.certificate;
    this.log = made.log;
    this.ceilings = values.ceilings;
    this.phases.retune(delaysOf(values.timeouts));
    this.accepting = this.accepting.filter(each => !isOfOptions(each));
    for (const { listener, place } of made.listeners) {
      listener.maxConnections = place.maxConnections ?? Infinity;
      this.accept(listener, place);
    }
    for (const { listener } of gone) void listener.drain();
    certificate?.close();
    if (log?.sink !== made.log?.sink) log?.close();
    void hosts.retire();
  }

  private accept(listener: Listener, place: ServedPlace | undefined): Listener {
    listener.onError ??= failure => this.onFailure(failure);
    listener.onConnection ??= connection => this.serve(connection);
    this.accepting = [...this.accepting, { listener, place }];
    return listener;
  }

  private checkServes(): void {
    if (this.state === 'serving') return;
    throw new IoError('EBADF', 'reload', undefined, 'the server is closed or being drained');
  }

  private async closeAll(): Promise<void> {
    this.state = 'closed';
    this.handshakes.abort();
    await Promise.all(this.listeners.map(listener => listener.close()));
    for (const connection of this.connections) connection.stream.destroy();
    this.phases.close();
    this.certificate?.close();
    await this.ownMonitors.close();
    await this.hosts.close();
    this.log?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  get isDraining(): boolean {
    return this.state !== 'serving';
  }

  /** @internal */
  onRequest(request: HttpRequest, response: HttpResponse): void {
    this.tally.requests++;
    if (!this.routes.answer(request, response)) this.hosts.siteOf(request.host).answer(request, response);
  }

  /** @internal */
  onFinished(request: HttpRequest, response: HttpResponse, isBroken: boolean): void {
    const { tally } = this;
    tally.bodyBytes += response.bodyBytes;
    tally.fileBytes += response.fileBytes;
    if (tally.measures) tally.onMeasured(request.elapsedMs);
    if (isBroken) tally.broken++;
    else tally.responses[Math.floor(response.status / 100)]++;
    try {
      this.log?.write(request, response);
    } catch (failure) {
      this.onFailure(failure as Error);
    }
  }

  /** @internal */
  onRefused({ status }: Refusal): void {
    this.tally.onRefused(status);
  }

  /** @internal */
  onLate(phase: Phase): void {
    this.tally.late[phase]++;
  }

  /** @internal */
  onClosed(connection: HttpConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) for (const resolve of this.whenEmpty) resolve();
  }

  private serveStream(stream: ByteStream, peer: Peer): void {
    if (this.state === 'closed') return stream.destroy();
    const connection = new HttpConnection(stream, peer, this);
    this.connections.add(connection);
  }

  private untilEmpty(deadlineMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.connections.size === 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.whenEmpty.delete(done);
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      signal?.addEventListener('abort', done);
      this.whenEmpty.add(done);
    });
  }
}

const HANDSHAKE_MS = 10_000;
