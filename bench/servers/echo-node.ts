/** Echo with Node's `net`, as its documentation would have it. */
import { createServer, type AddressInfo } from 'node:net';
import { obey } from './control.js';
import { AllocationMeter, heldMemory } from './heap-meter.js';

let accepted = 0;
const server = createServer({ noDelay: true }, socket => {
  accepted++;
  socket.on('data', chunk => {
    socket.write(chunk);
  });
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const allocation = new AllocationMeter();
  void obey((server.address() as AddressInfo).port, {
    accepted: () => ({ accepted }),
    memory: heldMemory,
    'allocation start': () => {
      allocation.start();
      return {};
    },
    // Node does not tell its turns.
    'allocation stop': () => ({ turns: 0, ...allocation.stop() }),
  });
});
