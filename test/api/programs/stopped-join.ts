/**
 * 1 GiB through a join to a reader that stops again and again: how much larger does the process get? Says so as JSON. The
 * producer is another process, so that what is measured is the join.
 */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { joinWith } from '../../../src/api/transfer/join.js';
import { settling } from '../../../src/api/settling.js';
import { listen, type Connection, type InternetAddress } from '../../../src/index.js';
import { nativeRelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import { unixPair } from '../../support/sockets.js';

const TOTAL_BYTES = 1 << 30;
const WARM_BYTES = 64 << 20;
const STEP_SHIFT = 25;

const native = nativeRelayCalls();
const calls = process.argv[2] === 'splice' ? native : { ...native, splice: undefined };

const arrived = settling<Connection>();
const listener = await listen({ host: '127.0.0.1', onConnection: arrived.resolve });
const { port } = listener.address as InternetAddress;
const producer = `
  const socket = require('net').connect(${port}, '127.0.0.1');
  const piece = Buffer.alloc(1 << 20);
  let left = ${TOTAL_BYTES / (1 << 20)};
  const pump = () => { while (left > 0) { left--; if (!socket.write(piece)) return; } socket.end(); };
  socket.on('drain', pump).on('connect', pump).resume();
`;
spawn(process.execPath, ['-e', producer], { stdio: 'inherit' });
const a = await arrived.promise;
await listener.close();

const { client: b, server: reader } = unixPair();
let receivedBytes = 0;
let smallest = 0;
let grownBytes = 0;
const ended = settling<void>();

reader.onData = chunk => {
  const before = receivedBytes >> STEP_SHIFT;
  receivedBytes += chunk.length;
  if (receivedBytes >> STEP_SHIFT === before) return;
  reader.pause();
  setTimeout(() => {
    globalThis.gc!();
    const resident = process.memoryUsage.rss();
    if (receivedBytes <= WARM_BYTES) smallest = resident;
    else grownBytes = Math.max(grownBytes, resident - smallest);
    reader.resume();
  }, 10);
};
reader.onEnd = () => {
  reader.end();
  ended.resolve();
};
const transfer = joinWith(calls, a, b);
await ended.promise;
const { aToB } = await transfer;
process.stdout.write(JSON.stringify({ grownBytes, receivedBytes, path: aToB.path }));
