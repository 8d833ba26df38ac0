/** Whether epoll(7) runs here, and how a backend of it is made. */
import { openEpoll } from '../../sys/poll/epoll.js';
import { close } from '../../sys/file/io.js';
import { kernelRelease, platform } from '../../sys/ffi/platform.js';
import type { BackendFactory } from '../contract.js';
import { EpollBackend } from './backend.js';

export const epollFactory: BackendFactory = {
  name: 'epoll',
  preference: 100,
  description: {
    edge: 'kernel',
    changes: 'single',
    waitCost: 'ready',
    refuses: ['file', 'directory'],
    reportsData: false,
    timeoutStepNs: 1e6,
    maxRegistrations: 2 ** 21,
  },
  probe() {
    if (platform !== 'linux') return { available: false, reason: `epoll is Linux's; this is ${kernelRelease}` };
    try {
      close(openEpoll());
      return { available: true, reason: `epoll_create1 works (${kernelRelease})` };
    } catch (error) {
      return {
        available: false,
        reason: (error as Error).message,
        fix: 'raise `ulimit -n`, or allow the call in the sandbox',
      };
    }
  },
  open: options => new EpollBackend(options),
};
