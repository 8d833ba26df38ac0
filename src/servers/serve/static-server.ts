/** A server of the files of a directory: its sites, its listeners, and the connections that they have accepted. */
import type { TLSSocket } from 'node:tls';
import { listen, type Connection, type Listener, type ListenOptions } from '../../index.js';
import { secure } from '../../node.js';
import { abortSignal, milliseconds, valuesOf, type OptionTable, type OptionValues } from '../../base/options.js';
import { clearTimeout, nextTick, setTimeout } from '../../base/runtime-functions.js';
import { openAccessLog, type AccessLog } from '../http/access-log.js';
import { HttpConnection, type Peer } from '../http/http-connection.js';
import type { ByteStream } from '../http/byte-stream.js';
import type { HttpCeilingValues } from '../http/http-options.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
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
import { Routes, type RouteHandler } from './routes.js';
import { SERVER_OPTIONS, siteOptionsOf, type StaticServerOptions } from './server-options.js';
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
  const { onError = failure => process.emitWarning(failure.message, 'PolluxServerWarning') } = values;
  // What it throws is its own trouble, and must not keep connections open.
  const onFailure: OnFailure = failure => nextTick(onError, failure);
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
  readonly ceilings: HttpCeilingValues;
  /** @internal */
  readonly phases: Phases;
  private readonly accepting: Listener[] = [];
  private readonly connections = new Set<HttpConnection>();
  private readonly routes: Routes;
  private readonly tally = new Counters();
  private log: AccessLog | undefined = undefined;
  private readonly ownMonitors = new Monitors();
  private certificate: Certificate | undefined = undefined;
  private handshakes = new AbortController();
  private state: 'serving' | 'draining' | 'closed' = 'serving';
  private closing: Promise<void> | undefined = undefined;
  /** Each drain that waits. */
  private readonly whenEmpty = new Set<() => void>();

  /** @internal Made by `createStaticServer`. */
  constructor(
    private readonly hosts: Hosts,
    { ceilings, timeouts }: ServerValues,
    private readonly onFailure: OnFailure,
  ) {
    const { idleMs, headMs, bodyMs, writeMs } = timeouts;
    this.ceilings = ceilings;
    this.phases = new Phases({ idle: idleMs, head: headMs, body: bodyMs, write: writeMs });
    this.routes = new Routes(onFailure);
  }

  /** @internal Opens what it needs, and listens. */
  async begin({ accessLog, tls, listen: places = [], metrics, status }: ServerValues): Promise<void> {
    // What is missing is found out here, and not by the first client.
    Llhttp.get();
    if (accessLog !== undefined) this.log = await openAccessLog(accessLog);
    await this.ownMonitors.open({ metrics, status }, this);
    if (tls !== undefined) this.certificate = await Certificate.open(tls, this.onFailure);
    for (const place of Array.isArray(places) ? (places as readonly ListenOptions[]) : [places as ListenOptions]) {
      await this.listen(place);
    }
  }

  /** The port of its first listener. @throws TypeError it listens nowhere, or on a path. */
  get port(): number {
    if (this.accepting.length === 0) throw new TypeError('port: the server listens nowhere');
    return this.accepting[0].port;
  }

  /** Its listeners, in the order of the options. */
  get listeners(): readonly Listener[] {
    return this.accepting;
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
    const listener = await listen(options);
    this.accepting.push(listener);
    listener.onError ??= this.onFailure;
    listener.onConnection = connection => this.serve(connection);
    return listener;
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
    await Promise.all(this.accepting.map(listener => listener.drain()));
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

  private async closeAll(): Promise<void> {
    this.state = 'closed';
    this.handshakes.abort();
    await Promise.all(this.accepting.map(listener => listener.close()));
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

function remoteAddressOf({ remoteAddress, remotePort, remoteFamily }: TLSSocket): Peer['remoteAddress'] {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { family: remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4', address: remoteAddress, port: remotePort };
}
