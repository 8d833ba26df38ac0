/** Echo with Pollux, on the backend that POLLUX_BACKEND names. */
import { currentReactor, listen } from 'pollux';
import { obey } from './control.js';
import { AllocationMeter, heldMemory } from './heap-meter.js';

let accepted = 0;
const listener = await listen({
  port: 0,
  host: '127.0.0.1',
  backlog: 4096,
  onConnection: connection => {
    accepted++;
    connection.onData = chunk => {
      connection.send(chunk);
    };
  },
});

const { driver, counters } = currentReactor();
const allocation = new AllocationMeter();
let turnsAtStart = 0;
void obey((listener.address as { port: number }).port, {
  accepted: () => ({ accepted }),
  memory: heldMemory,
  'allocation start': () => {
    allocation.start();
    turnsAtStart = counters.turns;
    return {};
  },
  'allocation stop': () => ({ turns: counters.turns - turnsAtStart, ...allocation.stop() }),
  counters: () => ({ backendCalls: driver.backend.counters.systemCalls, operationCalls: driver.counters.systemCalls }),
});
