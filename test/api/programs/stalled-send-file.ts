/**
 * A file of 1 GiB for a reader that takes 8 MB at a time and then stops for good, by the path that is the first argument: how
 * much larger does the process get meanwhile, and what does the stall cost? Says so as JSON.
 */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { adopt, BufferList } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { nativeFileReads } from '../../../src/core/transfers/files/file-reads.js';
import { FileToSocket } from '../../../src/core/transfers/files/file-to-socket.js';
import { ENOSYS } from '../../../src/sys/ffi/errno.js';
import { nativeSendfile, type SendfileCalls } from '../../../src/sys/socket/sendfile.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { begun } from '../../support/transfers.js';

const FILE_BYTES = 2 ** 30;
const WARM_BYTES = 32 << 20;
const TAKEN_BYTES = 96 << 20;
const STALL_MS = 400;

const refusing: SendfileCalls = { takesHeader: false, refusesToWait: false, failure: ENOSYS, send: () => 0 };
const sendfile = process.argv[2] === 'buffers' ? refusing : nativeSendfile();

const name = path.join(os.tmpdir(), `pollux-stalled-${process.pid}`);
const fd = openSync(name, 'wx+');
rmSync(name);
ftruncateSync(fd, FILE_BYTES);

const [client, server] = socketpair().map(end => adopt(end));
const stalled = settling<void>();
let receivedBytes = 0;
let smallest = 0;
let grownBytes = 0;
server.onData = chunk => {
  const before = receivedBytes >> 23;
  receivedBytes += chunk.length;
  if (receivedBytes >> 23 === before) return;
  server.pause();
  setImmediate(() =>
    setImmediate(() => {
      globalThis.gc!();
      const resident = process.memoryUsage.rss();
      if (receivedBytes < WARM_BYTES) smallest = resident;
      else grownBytes = Math.max(grownBytes, resident - smallest);
      if (receivedBytes < TAKEN_BYTES) server.resume();
      else stalled.resolve();
    }),
  );
};

const range = { fd, device: 0, offset: 0, lengthBytes: FILE_BYTES };
const engine = new FileToSocket(client, { calls: { sendfile, reads: nativeFileReads } });
const transfer = begun(engine, { range, before: new BufferList(), after: new BufferList() });
const settled = transfer.catch(() => undefined);
await stalled.promise;
// What was under way comes to rest, and the collector with it.
await new Promise(resolve => setTimeout(resolve, 100));
const before = process.cpuUsage();
await new Promise(resolve => setTimeout(resolve, STALL_MS));
const { user, system } = process.cpuUsage(before);
transfer.cancel();
await settled;
const { path: used, bytes } = transfer.account;
client.destroy();
server.destroy();
closeSync(fd);
process.stdout.write(JSON.stringify({ grownBytes, stallCpuMs: (user + system) / 1000, path: used, bytes }));
