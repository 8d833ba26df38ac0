/** Whether io_uring(7) runs here, and how a backend of it is made. */
import os from 'node:os';
import type { IoError } from '../../sys/ffi/io-error.js';
import { kernelRelease, platform } from '../../sys/ffi/platform.js';
import type { BackendFactory, BackendProbe } from '../contract.js';
import { UringBackend } from './backend.js';
import { testRing } from './functional-test.js';
import { explainRefusal } from './refusal.js';

/** Earlier kernels put completions off to any moment of the thread, and their cancelling has had more than one bug. */
const KNOWN_GOOD = { major: 6, minor: 1 };

export const uringFactory: BackendFactory = {
  name: 'io_uring',
  // Below epoll, which takes less time for what goes by readiness: docs/internals/io-uring.md has the figures.
  preference: 50,
  description: {
    edge: 'kernel',
    changes: 'batched',
    waitCost: 'ready',
    refuses: [],
    reportsData: false,
    timeoutStepNs: 1e5,
    maxRegistrations: 2 ** 21,
  },
  probe: () => probeUring(),
  open: options => new UringBackend(options),
};

/** @param release of the kernel, for tests. */
export function probeUring(release = os.release()): BackendProbe {
  if (platform !== 'linux') return { available: false, reason: `io_uring is Linux's; this is ${kernelRelease}` };
  const { major, minor } = KNOWN_GOOD;
  const [thisMajor, thisMinor] = release.split('.').map(Number);
  if (thisMajor < major || (thisMajor === major && thisMinor < minor)) {
    return {
      available: false,
      reason: `rings are trusted from Linux ${major}.${minor} on; this is Linux ${release}`,
      fix: `a kernel of ${major}.${minor} or later`,
    };
  }
  try {
    const { flags, dropped } = testRing();
    const without = dropped.length > 0 ? `, without ${dropped.join(', ')}` : '';
    const reason = `polls in a ring work (${kernelRelease}) with ${flags.join(', ')}${without}; auto takes epoll`;
    return { available: true, reason };
  } catch (error) {
    return { available: false, ...explainRefusal(error as IoError) };
  }
}
