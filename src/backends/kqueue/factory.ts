/** Whether kqueue(2) runs here, and how a backend of it is made. */
import { nativeKqueue } from '../../sys/poll/kqueue.js';
import { kernelRelease, platform } from '../../sys/ffi/platform.js';
import type { BackendFactory } from '../contract.js';
import { KqueueBackend } from './backend.js';

export const kqueueFactory: BackendFactory = {
  name: 'kqueue',
  // Above poll, and below epoll: a library that imitates it on Linux has to be asked for by name.
  preference: 50,
  description: {
    edge: 'kernel',
    changes: 'batched',
    waitCost: 'ready',
    refuses: [],
    reportsData: true,
    timeoutStepNs: 1e6,
    maxRegistrations: 2 ** 21,
  },
  probe() {
    try {
      const { provider, system } = nativeKqueue();
      return { available: true, reason: `kqueue of ${provider} works (${kernelRelease}, layout ${system.name})` };
    } catch (error) {
      const reason = (error as Error).message;
      const fix =
        platform === 'linux'
          ? 'POLLUX_KQUEUE_LIBRARY may name a shared object that provides kqueue and kevent'
          : 'raise `ulimit -n`, or unset POLLUX_KQUEUE_LIBRARY';
      return { available: false, reason, fix };
    }
  },
  open: options => new KqueueBackend(options),
};
