/** A server of the files of a directory: listeners and the connections that they have accepted. */
import {
  listen,
  openDirectory,
  type Connection,
  type Directory,
  type Listener,
  type ListenOptions,
} from '../../index.js';
import { anything, nested, required, valuesOf, type OptionTable } from '../../base/options.js';
import { HttpConnection, type HttpOwner } from '../http/http-connection.js';
import {
  HTTP_CEILINGS,
  HTTP_TIMEOUTS,
  type HttpCeilings,
  type HttpCeilingValues,
  type HttpTimeouts,
} from '../http/http-options.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
import { Phases } from '../http/phases.js';
import { answerFromDirectory } from './site.js';

/** What a static server is made with. */
export interface StaticServerOptions {
  /** The directory whose files are served. */
  readonly directory: string | URL;
  /** Where to listen, in the words of `listen` of `pollux`; without it, `serve` is given connections. */
  readonly listen?: ListenOptions;
  /** What a client may send at most. */
  readonly ceilings?: HttpCeilings;
  /** How long a client may take. */
  readonly timeouts?: HttpTimeouts;
}

const STATIC_SERVER_OPTIONS = {
  directory: required<string | URL>(() => {}),
  listen: anything<ListenOptions>(),
  ceilings: nested(HTTP_CEILINGS),
  timeouts: nested(HTTP_TIMEOUTS),
} satisfies OptionTable<StaticServerOptions>;

/**
 * Serves the files of a directory over HTTP/1.1.
 *
 *     const server = await createStaticServer({ directory: 'public', listen: { port: 8080 } });
 *
 * @throws (by the promise) what `openDirectory` and `listen` throw; TypeError, RangeError: an option that makes no sense.
 */
export async function createStaticServer(options: StaticServerOptions): Promise<StaticServer> {
  const values = valuesOf(STATIC_SERVER_OPTIONS, options);
  const directory = await openDirectory(values.directory);
  const server = new StaticServer(directory, values.ceilings, new Phases({ ...phasesOf(values.timeouts) }));
  try {
    if (values.listen !== undefined) await server.listen(values.listen);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

function phasesOf({ idleMs, headMs, bodyMs, writeMs }: Required<HttpTimeouts>) {
  return { idle: idleMs, head: headMs, body: bodyMs, write: writeMs };
}

/** A server of the files of a directory. `createStaticServer` makes one. */
export class StaticServer implements HttpOwner {
  private readonly listeners: Listener[] = [];
  private readonly connections = new Set<HttpConnection>();
  private isEnding = false;

  /** @internal Made by `createStaticServer`. */
  constructor(
    private readonly directory: Directory,
    /** @internal */
    readonly ceilings: HttpCeilingValues,
    /** @internal */
    readonly phases: Phases,
  ) {}

  /** The port of its first listener. @throws TypeError it listens on none. */
  get port(): number {
    if (this.listeners.length === 0) throw new TypeError('port: the server has no listener');
    return this.listeners[0].port;
  }

  /** Listens there, too. @throws what `listen` of `pollux` throws. */
  async listen(options: ListenOptions): Promise<Listener> {
    const listener = await listen(options);
    this.listeners.push(listener);
    listener.onConnection = connection => this.serve(connection);
    return listener;
  }

  /** Serves a connection that was accepted elsewhere. The server owns it from now on. */
  serve(connection: Connection): void {
    this.connections.add(new HttpConnection(connection, connection, this));
  }

  /** Stops listening, ends idle connections, and lets the others finish their response. */
  async close(): Promise<void> {
    this.isEnding = true;
    for (const connection of this.connections) connection.drain();
    await Promise.all(this.listeners.map(listener => listener.close()));
    this.phases.close();
    await this.directory.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  get isDraining(): boolean {
    return this.isEnding;
  }

  /** @internal */
  onRequest(request: HttpRequest, response: HttpResponse): void {
    answerFromDirectory(this.directory, request, response).catch((failure: Error) => response.breakOff(failure));
  }

  /** @internal */
  onFinished(): void {}

  /** @internal */
  onRefused(): void {}

  /** @internal */
  onLate(): void {}

  /** @internal */
  onClosed(connection: HttpConnection): void {
    this.connections.delete(connection);
  }
}
