/** Registers a backend whose waits never wait, as a module of somebody else would. */
import { pollFactory } from '../../src/backends/poll/factory.js';
import { registerBackend } from '../../src/backends/select.js';
import { ForwardingBackend } from './forwarding-backend.js';

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
