/** Registers a backend whose waits never end, not even by a wake. */
import { backendFactory, registerBackend } from 'pollux/backends';
import { ForwardingBackend } from '../verify/conformance/forwarding-backend.js';

const poll = backendFactory('poll');

class StuckBackend extends ForwardingBackend {
  override wait(): number {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    return 0;
  }
}

registerBackend({ ...poll, name: 'stuck', preference: 0, open: options => new StuckBackend(poll.open(options)) });
