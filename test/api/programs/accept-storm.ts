/**
 * A listener in a process with few descriptors, and a second process that connects more often than there are. Says as JSON
 * what the storm cost and whether the listener came back.
 */
import { fork } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
// The bundle, since Node opens many modules at once, and there are few descriptors.
import { listen, startReactor, type Connection, type InternetAddress, type ReactorMode } from 'pollux';
import { settling } from '../../../src/api/settling.js';

const STORM_MS = 300;
const CLIENTS = 100;

const reactor = startReactor({ mode: process.argv[2] as ReactorMode });
const client = fork(fileURLToPath(new URL('./connect-many.js', import.meta.url)), { serialization: 'json' });

const storm: Connection[] = [];
const codes = new Set<string>();
const exhausted = settling<void>();
const listener = await listen({ host: '127.0.0.1', onConnection: connection => storm.push(connection) });
listener.onError = failure => {
  codes.add(failure.code);
  exhausted.resolve();
};

client.send({ port: (listener.address as InternetAddress).port, count: CLIENTS });
await exhausted.promise;
const turnsBefore = reactor.counters.turns;
const cpuBefore = process.cpuUsage();
await new Promise(resolve => setTimeout(resolve, STORM_MS));
const cpu = process.cpuUsage(cpuBefore);
const turnsInStorm = reactor.counters.turns - turnsBefore;
const acceptedInStorm = storm.length;

// Descriptors come free: everybody is closed, those who waited and the new ones are served.
listener.onConnection = connection => {
  connection.end('served');
  connection.onData = () => {};
};
for (const connection of storm) connection.destroy();
const servedAfter = await new Promise<number>(resolve => {
  client.once('message', resolve);
  client.send({ port: (listener.address as InternetAddress).port, served: 10 });
});
client.kill();
const { counters } = listener;
await listener.close();
process.stdout.write(
  JSON.stringify({
    acceptedInStorm,
    exhausted: counters.exhausted,
    shed: counters.shed,
    turnsInStorm,
    cpuMsInStorm: (cpu.user + cpu.system) / 1000,
    servedAfter,
    codes: [...codes],
  }),
);
