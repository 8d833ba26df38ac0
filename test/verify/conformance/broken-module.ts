/** Registers a backend whose waits never wait, as a module of somebody else would. */
import { backendFactory, registerBackend } from 'pollux/backends';
import { ForwardingBackend } from './forwarding-backend.js';

const pollFactory = backendFactory('poll');

class SleeplessBackend extends ForwardingBackend {
  override wait(): number {
    return super.wait(0);
  }
}

registerBackend({
  ...pollFactory,
  name: 'sleepless',
  open: options => new SleeplessBackend(pollFactory.open(options)),
});
