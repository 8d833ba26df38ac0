/** Whether poll(2) runs here, and how a backend of it is made. */
import { poll, PollfdArray } from '../../sys/poll/poll.js';
import { kernelRelease } from '../../sys/ffi/platform.js';
import type { BackendFactory } from '../contract.js';
import { PollBackend } from './backend.js';

export const pollFactory: BackendFactory = {
  name: 'poll',
  preference: 10,
  description: {
    edge: 'emulated',
    changes: 'free',
    waitCost: 'registered',
    refuses: [],
    reportsData: false,
    timeoutStepNs: 1e6,
    maxRegistrations: 2 ** 21,
  },
  probe() {
    try {
      poll(new PollfdArray(1), 0, 0);
      return { available: true, reason: `poll works (${kernelRelease}); its cost grows with the descriptors watched` };
    } catch (error) {
      return { available: false, reason: (error as Error).message };
    }
  },
  open: options => new PollBackend(options),
};
