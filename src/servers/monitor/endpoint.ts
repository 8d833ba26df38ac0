/** A small HTTP server beside a server: it answers GET at one place, and keeps no process alive. */
import { valuesOf } from '../../base/options.js';
import { listen, type Address, type Connection, type Listener } from '../../index.js';
import { HttpConnection, type HttpOwner } from '../http/http-connection.js';
import { HTTP_CEILINGS } from '../http/http-options.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
import { Llhttp } from '../http/llhttp.js';
import { Phases } from '../http/phases.js';
import type { MonitorPlace } from './place.js';

/** Answers a request. What it rejects with is answered with 500. */
export type Answer = (request: HttpRequest, response: HttpResponse) => Promise<void>;

const LOOPBACK = '127.0.0.1';
/** More wait to be accepted. */
const MOST_CONNECTIONS = 64;
const DELAYS_MS = { idle: 30_000, head: 5_000, body: 5_000, write: 10_000 };
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };

/** Names that a browser on this machine uses for it. Another name may be one that an attacker's DNS points here. */
const OWN_NAMES = /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\]|)$/;

export class Endpoint implements HttpOwner {
  readonly ceilings = valuesOf(HTTP_CEILINGS, { maxBodyBytes: 0, maxHeadBytes: 8 * 1024 });
  readonly phases = new Phases(DELAYS_MS);
  private readonly connections = new Set<HttpConnection>();

  private constructor(
    private readonly listener: Listener,
    private readonly answer: Answer,
    private readonly isForOwnNames: boolean,
  ) {
    listener.onConnection = connection => this.serve(connection.unref());
  }

  /** @throws what `listen` throws, by the promise. */
  static async listen({ host, port, path, mode }: MonitorPlace, answer: Answer): Promise<Endpoint> {
    Llhttp.get();
    const where = path === undefined ? { host: host ?? LOOPBACK, port } : { path, mode };
    const given = Object.fromEntries(Object.entries(where).filter(([, value]) => value !== undefined));
    const listener = await listen({ ...given, maxConnections: MOST_CONNECTIONS });
    return new Endpoint(listener.unref(), answer, isLoopback(listener.address));
  }

  /** Where it listens. */
  get address(): Address {
    return this.listener.address;
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    for (const { stream } of this.connections) stream.destroy();
    this.phases.close();
    await this.listener.close();
  }

  // For its connections

  get isDraining(): boolean {
    return false;
  }

  onRequest(request: HttpRequest, response: HttpResponse): void {
    const { method, host } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      response.send(405, { ...TEXT, Allow: 'GET, HEAD' }, 'Only GET and HEAD are answered here.\n');
    } else if (this.isForOwnNames && !OWN_NAMES.test(host)) {
      response.send(421, TEXT, 'This is answered by the names of this machine alone: localhost, 127.0.0.1.\n');
    } else {
      this.answer(request, response).catch((failure: Error) => {
        if (response.hasBegun) response.breakOff(failure);
        else response.send(500, TEXT, `${failure.message}\n`);
      });
    }
  }

  onFinished(): void {}

  onRefused(): void {}

  onLate(): void {}

  onClosed(connection: HttpConnection): void {
    this.connections.delete(connection);
  }

  private serve(connection: Connection): void {
    this.connections.add(new HttpConnection(connection, connection, this));
  }
}

function isLoopback(address: Address): boolean {
  return address.family !== 'unix' && /^127\.|^::1$|^::ffff:127\./.test(address.address);
}

/** Answers for what is not there. */
export function answerNothing(response: HttpResponse): void {
  response.send(404, TEXT, 'Nothing is here.\n');
}
