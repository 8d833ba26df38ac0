/** Runs a body of tests on every backend of this machine and in every mode, each test in a reactor of its own. */
import { expect } from 'chai';
import { probeBackends } from '../../src/backends/index.js';
import { startReactor, type ReactorMode, type Reactor } from '../../src/index.js';
import { openDescriptors } from './descriptors.js';
import { destroyTracked } from './sockets.js';

export interface DriverUnderTest {
  readonly backend: string;
  readonly mode: ReactorMode;
  /** That of the test that is running. */
  readonly reactor: Reactor;
}

export const ALL_MODES: readonly ReactorMode[] = ['level', 'edge', 'oneshot'];

/** Our own; other tests of the same process may have registered more. */
const BUILT_IN = ['epoll', 'io_uring', 'kqueue', 'poll'];

/** The names of the backends that run on this machine. */
export function backendsHere(): string[] {
  return probeBackends()
    .filter(({ name, probe }) => BUILT_IN.includes(name) && probe.available)
    .map(({ name }) => name);
}

/**
 * Describes `body` once a driver. Before each test a reactor starts; after it everything that the test made through
 * `sockets.ts` is destroyed, and then nothing may be left: no handle in the reactor, no memory on loan, no descriptor.
 *
 * @param modes those in which the behaviour could differ.
 */
export function describeOnEveryDriver(
  title: string,
  body: (driver: DriverUnderTest) => void,
  modes: readonly ReactorMode[] = ALL_MODES,
): void {
  for (const backend of backendsHere()) {
    for (const mode of modes) {
      describe(`${title} (${backend}, ${mode})`, () => {
        let reactor: Reactor;
        let before: string[];

        beforeEach(() => {
          before = openDescriptors();
          reactor = startReactor({ backend, mode });
        });

        afterEach(() => {
          destroyTracked();
          reactor.close();
          expect(openDescriptors(), 'descriptors left open').to.deep.equal(before);
        });

        body({
          backend,
          mode,
          get reactor() {
            return reactor;
          },
        });
      });
    }
  }
}
