/**
 * What a row works with: a backend that was just opened, descriptors that are closed afterwards, and waits that check
 * on the way what must hold of every wait of every backend.
 */
import { slotOf, type Token } from '../../base/token.js';
import {
  PEER_END,
  ERROR,
  BOTH_END,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Backend,
  type BackendDescription,
  type BackendFactory,
  type BackendOptions,
  type Interest,
  type RegistrationMode,
  type Readiness,
} from '../../backends/contract.js';
import { eventSourcesOf } from '../../backends/sources/choice.js';
import type { EventSources, Source } from '../../backends/sources/contract.js';
import type { InternetAddress } from '../../sys/socket/sockaddr.js';
import { expectEqual, fail, readinessText } from './expectation.js';
import type { World } from './world.js';

/** What has to happen happens within this, even on a loaded machine; a right backend needs microseconds. */
export const DEFAULT_DEADLINE_MS = 4_000;
/** What must not happen is given this long to happen. */
const QUIET_MS = 20;
/** Waits that a quiet time may take: one, unless signals end some early. */
const QUIET_WAITS = 5;
/** System calls that a quiet time may take: changes still to be flushed, and the waits. */
const QUIET_CALLS = 20;
const ASKED_BITS = READABLE | WRITABLE | PRIORITY;
const KNOWN_BITS = ASKED_BITS | PEER_END | BOTH_END | ERROR;

/** Thrown by `Trial.skip`; the runner turns it into a skipped row. */
export class SkipRow {
  constructor(readonly reason: string) {}
}

/** What a row works with: a backend, descriptors and waits. */
export class Trial {
  /** Opened with default options. */
  readonly backend: Backend;
  private readonly backends: Backend[] = [];
  private readonly descriptors: number[] = [];
  private readonly cleanups: (() => void)[] = [];
  private readonly followed: Source[] = [];
  private openedSources: EventSources | undefined = undefined;
  /** What each backend was asked for by token, so that reports of what nobody asked for are found. */
  private readonly interests = new Map<Backend, Map<Token, Interest>>();

  constructor(
    private readonly factory: BackendFactory,
    /** How long a wait for what must happen may last. */
    readonly deadlineMs: number,
    /** Where descriptors come from. */
    readonly world: World,
  ) {
    this.backend = this.open();
  }

  /** What the backend's factory says of it. */
  get description(): BackendDescription {
    return this.factory.description;
  }

  /** Milliseconds of the world's clock. */
  clockMs(): number {
    return this.world.nowNs() / 1e6;
  }

  /** One more backend of the same kind. */
  open(options?: BackendOptions): Backend {
    const backend = this.factory.open(options);
    this.backends.push(backend);
    this.interests.set(backend, new Map());
    return backend;
  }

  /** Leaves the row: what it needs turned out not to exist on this machine. */
  skip(reason: string): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- not a failure, and no handler of Errors may catch it
    throw new SkipRow(reason);
  }

  /** Runs after the row, whatever its outcome, last come first. */
  afterwards(cleanup: () => void): void {
    this.cleanups.push(cleanup);
  }

  /** Has a descriptor closed after the row. */
  own(fd: number): number {
    this.descriptors.push(fd);
    return fd;
  }

  /** Says that the descriptor has been closed by other means. */
  disown(fd: number): void {
    const index = this.descriptors.indexOf(fd);
    if (index >= 0) this.descriptors.splice(index, 1);
  }

  /** Closes a descriptor now. */
  close(fd: number): void {
    this.disown(fd);
    this.world.close(fd);
  }

  /** A connected pair of Unix stream sockets. */
  socketPair(): [number, number] {
    const [one, other] = this.world.socketPair();
    return [this.own(one), this.own(other)];
  }

  /** [read end, write end] */
  pipe(): [number, number] {
    const [readEnd, writeEnd] = this.world.pipe();
    return [this.own(readEnd), this.own(writeEnd)];
  }

  /** Both ends of a TCP connection over the loopback: [connected, accepted]. */
  tcpPair(): [number, number] {
    const [client, server] = this.world.tcpPair();
    return [this.own(client), this.own(server)];
  }

  /** A TCP listener on a free port of the loopback. */
  listener(): { fd: number; address: InternetAddress } {
    const listener = this.world.listener();
    this.own(listener.fd);
    return listener;
  }

  dup(fd: number): number {
    return this.own(this.world.dup(fd));
  }

  /** `register` with the defaults that most rows want. */
  register(fd: number, interest: Interest, mode: RegistrationMode = 'level', backend = this.backend): Token {
    const token = backend.register(fd, interest, mode);
    this.interests.get(backend)?.set(token, interest);
    return token;
  }

  modify(token: Token, interest: Interest, backend = this.backend): void {
    backend.modify(token, interest);
    this.interests.get(backend)?.set(token, interest);
  }

  unregister(token: Token, backend = this.backend): void {
    backend.unregister(token);
    this.interests.get(backend)?.delete(token);
  }

  /**
   * One `wait`, whose outcome is checked: each entry names a living registration, once, and reports bits that exist and
   * directions that were asked for.
   *
   * @returns the number of events.
   */
  wait(timeoutMs: number, backend = this.backend): number {
    const count = backend.wait(timeoutMs < 0 ? -1 : timeoutMs * 1e6);
    const { events } = backend;
    expectEqual(count, events.count, 'what wait returned against events.count');
    const seen = new Set<Token>();
    for (let index = 0; index < count; index++) {
      this.checkEvent(backend, index, seen);
    }
    return count;
  }

  private checkEvent(backend: Backend, index: number, seen: Set<Token>): void {
    const { events } = backend;
    const token = events.tokens[index];
    const readiness = events.readiness[index];
    const what = `event ${index} of ${events.count} (token ${token}, ${readinessText(readiness)})`;
    if (!backend.has(token))
      fail(`${what}: expected the token of a living registration, got one that is not registered`);
    if (seen.has(token)) fail(`${what}: expected one entry a registration, got a second one`);
    seen.add(token);
    if (readiness === 0) fail(`${what}: expected some readiness, got none`);
    if ((readiness & ~KNOWN_BITS) !== 0) fail(`${what}: expected known bits, got ${readinessText(readiness)}`);
    const interest = this.interests.get(backend)?.get(token);
    if (interest === undefined) return;
    const unasked = readiness & ASKED_BITS & ~interest;
    if (unasked !== 0) {
      fail(
        `${what}: expected at most the directions asked for (${readinessText(interest)}), got ${readinessText(unasked)} too`,
      );
    }
    if (interest === 0 && events.errors[index] === 0) fail(`${what}: expected no event without interest, got one`);
    if (!this.description.reportsData && events.data[index] !== 0) {
      fail(
        `${what}: expected data 0 from a backend whose description says that it reports none, got ${events.data[index]}`,
      );
    }
  }

  /** Timers, processes, files and the like for the backend. */
  get sources(): EventSources {
    return (this.openedSources ??= eventSourcesOf(this.backend));
  }

  /** Has a source closed after the row, if the row does not. */
  follow<S extends Source>(source: S): S {
    this.followed.push(source);
    return source;
  }

  /** Readiness of a registration in the last batch; 0 if it isn't in it. */
  readinessOf(token: Token, backend = this.backend): Readiness {
    const index = this.indexOf(token, backend);
    return index < 0 ? 0 : backend.events.readiness[index];
  }

  /** Index of a registration in the last batch, or -1. */
  indexOf(token: Token, backend = this.backend): number {
    const { events } = backend;
    for (let index = 0; index < events.count; index++) {
      if (events.tokens[index] === token) return index;
    }
    return -1;
  }

  /**
   * Waits until a registration reports any of `bits`. Reports of others are passed over.
   *
   * @returns all that the deciding event reported of it.
   */
  waitFor(token: Token, bits: Readiness, backend = this.backend): Readiness {
    const until = this.clockMs() + this.deadlineMs;
    let seen = 0;
    for (let left = this.deadlineMs; left > 0; left = until - this.clockMs()) {
      this.wait(left, backend);
      const readiness = this.readinessOf(token, backend);
      if ((readiness & bits) !== 0) return readiness;
      seen |= readiness;
    }
    return fail(
      `event of slot ${slotOf(token)}: expected ${readinessText(bits)} within ${this.deadlineMs} ms, got ${readinessText(seen)}`,
    );
  }

  /** Waits until each of the registrations has reported any of `bits`. @returns the number of waits that took. */
  waitForAll(tokens: Iterable<Token>, bits: Readiness, backend = this.backend): number {
    const missing = new Set(tokens);
    const until = this.clockMs() + this.deadlineMs;
    let waits = 0;
    while (missing.size > 0) {
      const left = until - this.clockMs();
      if (left <= 0)
        fail(
          `events: expected every registration to report ${readinessText(bits)}, got nothing of ${missing.size} of them`,
        );
      const count = this.wait(left, backend);
      waits++;
      for (let index = 0; index < count; index++) {
        if ((backend.events.readiness[index] & bits) !== 0) missing.delete(backend.events.tokens[index]);
      }
    }
    return waits;
  }

  /** Nothing is reported, and the time is slept through rather than spun through. */
  expectQuiet(what: string, backend = this.backend): void {
    const { counters } = backend;
    const calls = counters.systemCalls;
    const start = this.clockMs();
    let waits = 0;
    for (let left = QUIET_MS; left > 0; left = QUIET_MS - (this.clockMs() - start)) {
      const count = this.wait(left, backend);
      if (count > 0) {
        const { tokens, readiness } = backend.events;
        fail(`${what}: expected no event, got ${readinessText(readiness[0])} of slot ${slotOf(tokens[0])}`);
      }
      if (++waits > QUIET_WAITS) {
        fail(
          `${what}: expected one wait to last ${QUIET_MS} ms, got ${waits} waits in ${(this.clockMs() - start).toFixed(3)} ms`,
        );
      }
    }
    const spent = counters.systemCalls - calls;
    if (spent > QUIET_CALLS) fail(`${what}: expected at most ${QUIET_CALLS} system calls while asleep, got ${spent}`);
  }

  /** Opens descriptors until one has the wanted number, which must be free. */
  reopen(wanted: number): [number, number] {
    for (let attempt = 0; attempt < 64; attempt++) {
      const [one, other] = this.socketPair();
      if (one === wanted) return [one, other];
      if (other === wanted) return [other, one];
    }
    return this.skip(`the descriptor number ${wanted} did not come back: another thread of this process took it`);
  }

  /** Ends the trial: closes everything, backends first. For the runner. */
  end(): void {
    const failures: unknown[] = [];
    const attempt = (action: () => void) => {
      try {
        action();
      } catch (error) {
        failures.push(error);
      }
    };
    for (const source of this.followed) if (this.backend.has(source.token)) attempt(() => source.close());
    for (const backend of this.backends) attempt(() => backend.close());
    for (const cleanup of this.cleanups.reverse()) attempt(cleanup);
    for (const fd of this.descriptors) attempt(() => this.world.close(fd));
    if (failures.length > 0) throw failures[0];
  }
}
