/** Smoke programs of watches: timers, signals, processes, files, user events and descriptors. */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, constants, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import {
  triggerUser,
  watch,
  watchFile,
  watchProcess,
  watchSignal,
  watchTimer,
  watchUser,
  type WatchReadiness,
} from '../../../index.js';
import { mkfifo } from '../../../sys/file/fifo.js';
import type { Check } from '../check.js';
import { expectEqual, expectTrue } from './expect.js';
import { smoke } from './ground.js';

const EXIT_CODE = 3;

export const events: readonly Check[] = [
  smoke('a timer expires once, and not before its time', async () => {
    const begunMs = performance.now();
    using timer = watchTimer({ after: 20 });
    expectEqual(await timer.next(), 1, 'expirations');
    // The kernel's clock and this one are read at different moments.
    expectTrue(performance.now() - begunMs >= 19, '20 ms have passed');
    expectEqual(await timer.next(), null, 'after the last');
  }),
  smoke('a periodic timer expires again and again', async () => {
    using timer = watchTimer({ every: 500, unit: 'us' });
    for (let expirations = 0; expirations < 20;) expirations += (await timer.next())!;
  }),
  smoke('a user event is triggered from here and from another thread', async () => {
    using user = watchUser();
    triggerUser(user.handle);
    expectEqual(await user.next(), true, 'from here');
    const worker = new Worker(new URL('smoke-thread.js', import.meta.url), { workerData: user.handle });
    expectEqual(await user.next(), true, 'from another thread');
    await worker.terminate();
  }),
  smoke('a signal is told', async () => {
    using signal = watchSignal('SIGWINCH');
    process.kill(process.pid, 'SIGWINCH');
    expectEqual(await signal.next(), 1, 'deliveries');
  }),
  smoke('the end of a process is told', async () => {
    const child = spawn(
      process.execPath,
      ['-e', `process.stdin.once('end', () => process.exit(${EXIT_CODE})).resume()`],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    using ending = watchProcess(child.pid!);
    child.stdin.end();
    const { exitCode } = (await ending.next())!;
    expectTrue(exitCode === EXIT_CODE || exitCode === undefined, `exit code ${exitCode} is ${EXIT_CODE}, or not known`);
    return exitCode === undefined ? 'this kernel does not say how it ended' : undefined;
  }),
  smoke('a change of a file is told', async directory => {
    const path = join(directory, 'file');
    writeFileSync(path, 'one');
    using file = watchFile(path, { changes: ['write', 'extend'] });
    appendFileSync(path, 'two');
    expectTrue((await file.next())!.has('write'), 'the change is a write');
  }),
  smoke('a FIFO is readable when somebody has written', async directory => {
    const path = join(directory, 'fifo');
    mkfifo(path);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    const ready = new Promise<WatchReadiness>(resolve => {
      const watching = watch(reader, { readable: true }, readiness => {
        watching.close();
        resolve(readiness);
      });
    });
    writeSync(writer, 'bytes');
    const { readable, failure } = await ready;
    expectEqual(failure, undefined, 'failure');
    expectTrue(readable, 'it is readable');
    expectEqual(readSync(reader, Buffer.alloc(10)), 5, 'bytes in it');
    closeSync(reader);
    closeSync(writer);
  }),
];
