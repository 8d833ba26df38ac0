/** The backends of Pollux itself that run on this machine; other tests of the same process register theirs. */
import { probeBackends } from '../../src/backends/registry.js';

const BUILT_IN = ['epoll', 'io_uring', 'kqueue', 'poll'];

export function builtInBackends(): string[] {
  return probeBackends()
    .filter(({ name, probe }) => BUILT_IN.includes(name) && probe.available)
    .map(({ name }) => name);
}
