/** Where connections of services come into a worker, whichever thread accepted them: they all go to one handler. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { claim } from '../../sys/file/owned-descriptors.js';
import { close, dup } from '../../sys/file/io.js';
import type { ConnectionService, ConnectionTerms } from '../../api/stream/parts/connection-parts.js';
import { Connection } from '../../api/stream/connection.js';
import type { ListenerDetails } from '../../api/listening/listener-details.js';
import { Listener } from '../../api/listening/listener.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { currentReactor } from '../../api/thread-reactor.js';
import { throwLater } from '../../api/throw-later.js';
import { Loads } from './loads.js';
import { Parking, type SharedParking } from './parking.js';

/**
 * What is sent in the lane of control, by which an acceptor gives descriptors: 32 bits each, after the number of their
 * service and that of their holder.
 */
export const ACCEPTED = 'pollux: accepted';
/** A request in the same lane that is answered once everything sent before it has been taken. */
export const FLUSH = 'pollux: taken';

/** What a worker is asked to do, and answers to. */
export type AcceptRequest =
  { readonly kind: 'serve'; readonly serving: Serving } | { readonly kind: 'retire'; readonly service: number };

/** What a worker is told of a service. */
export interface Serving {
  /** Names it in the runtime. */
  readonly service: number;
  readonly details: ListenerDetails;
  readonly loads: SharedArrayBuffer;
  /** Where this thread is counted. */
  readonly index: number;
  /** A listening socket that this thread accepts from, the owner's; absent where others accept. */
  readonly listening?: number;
  /** Whether other workers wait for the same socket, and the kernel is to wake one of them. */
  readonly isExclusive?: boolean;
  /** Where idle connections wait for whichever worker is free; absent where each has its own. */
  readonly parking?: SharedParking;
  /** How long an idle connection may wait. 0 is for ever. */
  readonly idleMs: number;
}

/** A service's part in this thread: it makes connections, counts them in and out, and keeps those that are idle. */
class Branch implements ConnectionService {
  readonly listeners: Listener[] = [];
  private readonly loads: Loads;
  private readonly terms: ConnectionTerms;
  private parking: Parking | undefined = undefined;
  private isRetired = false;

  constructor(
    readonly serving: Serving,
    private readonly scope: AsyncScope,
    private readonly deliver: (connection: Connection) => void,
  ) {
    this.loads = new Loads(serving.loads);
    this.terms = { reactor: currentReactor(), limits: serving.details.limits, unread: 'drained' };
    if (serving.parking !== undefined) this.openParking();
  }

  /** Of a listener of this thread. */
  onAccepted(connection: Connection): void {
    this.loads.add(this.serving.index);
    connection.service = this;
    this.deliver(connection);
  }

  /** The acceptor has counted it. */
  make(fd: number): Connection {
    const descriptor = this.terms.reactor.driver.add(fd, this.scope);
    descriptor.origin = 'own';
    const connection = new Connection(descriptor, this.terms);
    connection.service = this;
    return connection;
  }

  onReleased(): void {
    this.loads.release(this.serving.index);
  }

  onIdle(fd: number): void {
    if (this.isRetired) close(fd);
    else (this.parking ?? this.openParking()).park(fd);
  }

  async retire(): Promise<void> {
    this.isRetired = true;
    this.parking?.close();
    await Promise.all(this.listeners.map(listener => listener.drain()));
  }

  private openParking(): Parking {
    const { parking, idleMs, index } = this.serving;
    this.parking = new Parking(currentReactor(), parking, idleMs, fd => {
      this.loads.addOpen(index);
      this.deliver(this.make(fd));
    });
    return this.parking;
  }
}

const byEndpoint = new WeakMap<Endpoint, WorkerServices>();

/** That of a worker. @throws IoError ENOENT: it receives no connections. */
export function workerServicesOf(endpoint: Endpoint): WorkerServices {
  const services = byEndpoint.get(endpoint);
  if (services === undefined)
    throw wrongState('ENOENT', 'listen', 'it receives no connections: its entry must call receiveConnections');
  return services;
}

export class WorkerServices {
  private readonly services = new Map<number, Branch>();

  private readonly deliver: (connection: Connection) => void;
  /** What is received is received where the worker said that it would. */
  private readonly scope = new AsyncScope('POLLUX_SERVICE');

  /** @param onConnection told of each connection, before anything is received from it. */
  constructor(endpoint: Endpoint, onConnection: (connection: Connection) => void) {
    this.deliver = connection => {
      try {
        this.scope.run(onConnection, undefined, connection);
      } catch (error) {
        // Others came with it, and are delivered all the same.
        throwLater(currentReactor(), error);
      }
    };
    byEndpoint.set(endpoint, this);
    endpoint.control.handle(ACCEPTED, ({ bytes }) => this.take(new Int32Array(bytes.slice().buffer)));
    endpoint.control.answer(FLUSH, () => true);
  }

  /** Begins to serve; a second socket of the same service comes beside the first. @throws IoError */
  serve(serving: Serving): void {
    const known = this.services.get(serving.service);
    const branch = known ?? new Branch(serving, this.scope, this.deliver);
    if (serving.listening !== undefined) {
      const { driver } = currentReactor();
      const fd = dup(serving.listening);
      let listener: Listener;
      try {
        listener = new Listener(currentReactor(), driver.add(fd, this.scope, serving.isExclusive), serving.details);
      } catch (error) {
        close(fd);
        throw error;
      }
      branch.listeners.push(listener);
      listener.onConnection = connection => branch.onAccepted(connection);
    }
    this.services.set(serving.service, branch);
  }

  /** Takes what waits to be accepted here, and accepts no more. */
  async retire(service: number): Promise<void> {
    const branch = this.services.get(service);
    this.services.delete(service);
    await branch?.retire();
  }

  private take([service, holder, ...offered]: Int32Array): void {
    const branch = this.services.get(service);
    // All are this thread's before a handler may end it. What was taken back meanwhile is another's.
    const accepted = offered.filter(fd => claim(fd, holder));
    if (branch === undefined) {
      // The service was closed meanwhile.
      for (const fd of accepted) close(fd);
      return;
    }
    for (const fd of accepted) this.deliver(branch.make(fd));
  }
}
