/** Where connections of services come into a thread, whoever accepted them: they all go to one handler. */
import { own } from '../../sys/owned-descriptors.js';
import { close, dup } from '../../sys/io.js';
import { Connection } from '../connection.js';
import { Listener, type ListenerDetails } from '../listener.js';
import type { Endpoint } from '../messages/endpoint.js';
import { currentReactor } from '../thread-reactor.js';
import { Loads } from './loads.js';

/** The queue by which an acceptor gives descriptors: 32 bits each, after the number of their service. */
export const ACCEPTED = 'pollux: accepted';
/** A request that is answered once everything sent before it has been taken. */
export const FLUSH = 'pollux: taken';

/** What a thread is asked to do, and answers to. */
export type AcceptRequest =
  { readonly kind: 'serve'; readonly serving: Serving } | { readonly kind: 'retire'; readonly service: number };

/** What a thread is told of a service. */
export interface Serving {
  /** Names it in the runtime. */
  readonly service: number;
  readonly details: ListenerDetails;
  readonly loads: SharedArrayBuffer;
  /** Where this thread is counted. */
  readonly index: number;
  /** A listening socket that this thread accepts from, the owner's; absent where others accept. */
  readonly listening?: number;
  /** Whether other threads wait for the same socket, and the kernel is to wake one of them. */
  readonly isExclusive?: boolean;
}

/** A service's part in this thread: it counts connections in and out. */
class Counter {
  private readonly loads: Loads;

  readonly listeners: Listener[] = [];

  constructor(readonly serving: Serving) {
    this.loads = new Loads(serving.loads);
  }

  onTaken(): void {
    this.loads.add(this.serving.index);
  }

  onReleased(): void {
    this.loads.release(this.serving.index);
  }
}

const inlets = new WeakMap<Endpoint, Inlet>();

/** That of a thread. @throws Error it receives no connections. */
export function inletOf(endpoint: Endpoint): Inlet {
  const inlet = inlets.get(endpoint);
  if (inlet === undefined) throw new Error('it receives no connections: its entry must call receiveConnections');
  return inlet;
}

export class Inlet {
  private readonly services = new Map<number, Counter>();

  /** @param deliver told of each connection, before anything is received from it. */
  constructor(
    endpoint: Endpoint,
    private readonly deliver: (connection: Connection) => void,
  ) {
    inlets.set(endpoint, this);
    endpoint.queue(ACCEPTED).onMessage = ({ bytes }) => this.take(new Int32Array(bytes.slice().buffer));
    endpoint.answer(FLUSH, () => true);
  }

  /** Begins to serve; a second socket of the same service comes beside the first. @throws IoError */
  serve(serving: Serving): void {
    const known = this.services.get(serving.service);
    const counter = known ?? new Counter(serving);
    if (serving.listening !== undefined) {
      const { driver } = currentReactor();
      const fd = dup(serving.listening);
      let listener: Listener;
      try {
        listener = new Listener(currentReactor(), driver.add(fd, serving.isExclusive), serving.details);
      } catch (error) {
        close(fd);
        throw error;
      }
      counter.listeners.push(listener);
      listener.onConnection = connection => {
        counter.onTaken();
        connection.keeper = counter;
        this.deliver(connection);
      };
    }
    this.services.set(serving.service, counter);
  }

  /** Takes what waits to be accepted here, and accepts no more. */
  async retire(service: number): Promise<void> {
    const listeners = this.services.get(service)?.listeners ?? [];
    this.services.delete(service);
    await Promise.all(listeners.map(listener => listener.drain()));
  }

  private take([service, ...accepted]: Int32Array): void {
    // All are this thread's before a handler may throw.
    for (const fd of accepted) own(fd);
    const counter = this.services.get(service)!;
    const reactor = currentReactor();
    const connections = accepted.map(
      fd => new Connection(reactor, reactor.driver.add(fd), counter.serving.details.limits),
    );
    for (const connection of connections) connection.keeper = counter;
    for (const connection of connections) this.deliver(connection);
  }
}
