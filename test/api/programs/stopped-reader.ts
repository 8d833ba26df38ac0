/**
 * 256 MB from a producer that heeds back-pressure to a reader that stops again and again: how much larger does the process
 * get? Says so as JSON.
 */
import process from 'node:process';
import { adopt, currentReactor } from 'pollux';
import { settling } from '../../../src/api/settling.js';
import { socketpair } from '../../../src/sys/socket/socket.js';

const TOTAL_BYTES = 256 << 20;
const WARM_BYTES = 32 << 20;
const piece = new Uint8Array(64 * 1024);

const [client, server] = socketpair().map(fd => adopt(fd));
let given = 0;
let receivedBytes = 0;
let smallest = 0;
let grownBytes = 0;
const ended = settling<void>();

function pump(): void {
  while (given < TOTAL_BYTES) {
    given += piece.length;
    if (!client.send(piece)) return;
  }
  client.end();
}

server.onData = chunk => {
  const before = receivedBytes >> 23;
  receivedBytes += chunk.length;
  if (receivedBytes >> 23 === before) return;
  // Every 8 MB the reader stops. The producer has filled all that there is to fill when the next turns are over.
  server.pause();
  setImmediate(() =>
    setImmediate(() => {
      globalThis.gc!();
      const resident = process.memoryUsage.rss();
      if (receivedBytes < WARM_BYTES) smallest = resident;
      else grownBytes = Math.max(grownBytes, resident - smallest);
      server.resume();
    }),
  );
};
server.onEnd = ended.resolve;
client.onDrain = pump;
pump();
await ended.promise;
const { heldBytes } = currentReactor().slab;
server.destroy();
client.destroy();
process.stdout.write(JSON.stringify({ grownBytes, receivedBytes, heldBytes }));
