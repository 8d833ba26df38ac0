/** Which backend a reactor gets: probe, prefer, explain. */
import process from 'node:process';
import type { Backend, BackendFactory, BackendOptions, BackendProbe } from './contract.js';
import { epollFactory } from './epoll/factory.js';
import { kqueueFactory } from './kqueue/factory.js';
import { pollFactory } from './poll/factory.js';
import { uringFactory } from './uring/factory.js';

const factories = new Map<string, BackendFactory>([
  [epollFactory.name, epollFactory],
  [kqueueFactory.name, kqueueFactory],
  [pollFactory.name, pollFactory],
  [uringFactory.name, uringFactory],
]);

/** What `probeBackends` says of one backend. */
export interface ProbedBackend {
  readonly name: string;
  readonly preference: number;
  readonly probe: BackendProbe;
}

/** Says which backend was chosen, and why. */
export interface BackendChoice {
  readonly backend: Backend;
  /** 'chosen by POLLUX_BACKEND', 'preferred of: epoll, poll'. */
  readonly reason: string;
}

/**
 * Makes a backend known by its name, so that `openBackend`, POLLUX_BACKEND and the command's --backend find it.
 *
 * @throws TypeError the name is taken, or is not one word of small letters, digits, dashes and underscores.
 */
export function registerBackend(factory: BackendFactory): void {
  if (!/^[a-z][a-z0-9_-]*$/.test(factory.name) || factory.name === 'auto') {
    throw new TypeError(
      `name: '${factory.name}'; allowed: one word of small letters, digits, dashes and underscores, not 'auto'`,
    );
  }
  if (factories.has(factory.name)) throw new TypeError(`name: a backend '${factory.name}' is registered already`);
  factories.set(factory.name, factory);
}

/** The names of all backends, whether they run here or not; preferred first. */
export function backendNames(): string[] {
  return sorted().map(factory => factory.name);
}

/** Asks every backend whether it runs here. Preferred first. */
export function probeBackends(): ProbedBackend[] {
  return sorted().map(({ name, preference, probe }) => ({ name, preference, probe: probe() }));
}

/** @throws TypeError an unknown name, or none. */
export function backendFactory(name: string): BackendFactory {
  if (typeof (name as unknown) !== 'string') {
    throw new TypeError(`backend: ${typeof name}; allowed: a name, of ${backendNames().join(', ')}, auto`);
  }
  const factory = factories.get(name);
  if (factory === undefined) {
    const there = `there are: ${backendNames().join(', ')}, auto`;
    // No descriptor of a program is known to a model.
    const models = name.startsWith('model:') ? '; models are for pollux conformance and pollux stress events' : '';
    throw new TypeError(`backend: there is no '${name}'; ${there}${models}`);
  }
  return factory;
}

/**
 * Opens the backend of that name; without a name or with 'auto' the one that POLLUX_BACKEND names, and without that the
 * most preferred that runs here. A backend that was asked for by name is never replaced by another.
 *
 * @throws TypeError an unknown name.
 * @throws Error a backend that this kernel lacks, with the reason and what to do.
 */
export function chooseBackend(name = 'auto', options?: BackendOptions): BackendChoice {
  const forced = name !== 'auto' ? name : process.env.POLLUX_BACKEND || 'auto';
  if (forced !== 'auto') {
    const factory = backendFactory(forced);
    const probe = factory.probe();
    if (!probe.available) {
      throw new Error(`backend '${forced}' does not run here: ${probe.reason}${probe.fix ? `; ${probe.fix}` : ''}`);
    }
    const chooser = name !== 'auto' ? 'asked for by name' : 'chosen by POLLUX_BACKEND';
    return { backend: factory.open(options), reason: chooser };
  }
  const reasons: string[] = [];
  for (const factory of sorted()) {
    const probe = factory.probe();
    if (probe.available) {
      const passedOver = reasons.length > 0 ? `; passed over: ${reasons.join('; ')}` : '';
      return { backend: factory.open(options), reason: `preferred of those that run here${passedOver}` };
    }
    reasons.push(`${factory.name} (${probe.reason})`);
  }
  throw new Error(`no backend runs here: ${reasons.join('; ')}`);
}

/** `chooseBackend` for those who don't ask why. */
export function openBackend(name?: string, options?: BackendOptions): Backend {
  return chooseBackend(name, options).backend;
}

function sorted(): BackendFactory[] {
  return [...factories.values()].sort((a, b) => b.preference - a.preference);
}
