/**
 * The first module of a RuntimeWorker's thread: it introduces itself, waits until it knows the others, and runs the
 * entry.
 */
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { setImmediate } from '../../base/runtime-functions.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { pinThread } from '../../sys/process/affinity.js';
import { openEndpoint } from '../endpoint/open-endpoint.js';
import { startReactor } from '../../api/thread-reactor.js';
import { snapshotThread } from '../../observe/thread-snapshot.js';
import { workerServicesOf, type AcceptRequest } from '../service/worker-services.js';
import { leaveWork } from '../jobs/work-receiver.js';
import type { WorkerSetup, ToOwner, ToWorker } from './control.js';
import { entryFunction } from './entry.js';
import { tellLoaded } from './loading.js';
import { setCurrentWorker, CurrentWorker } from './current-worker.js';

const setup = workerData as WorkerSetup;
const port = parentPort!;
/** That of the worker's entry, and of what it is told. */
const scope = new AsyncScope('POLLUX_WORKER');
// For a reactor that does not start.
process.once('exit', onLoaded);
if (setup.processor !== undefined) pinThread(setup.processor);
const reactor = startReactor(setup.reactor);
const worker = new CurrentWorker(setup, openEndpoint({ senders: setup.senders }));
setCurrentWorker(worker);
onLoaded();
process.off('exit', onLoaded);

function onLoaded(): void {
  tellLoaded(setup.loaded);
}

function tell(message: ToOwner): void {
  port.postMessage(message);
}

async function run(): Promise<void> {
  const entry = (await import(setup.entry)) as object;
  const start = entryFunction(entry, setup.entry);
  if (start !== undefined) await scope.run(start, undefined, worker);
  tell({ kind: 'running' });
  // From here on the worker lives as long as what the entry has opened.
  port.unref();
}

async function perform(number: number, request: AcceptRequest): Promise<void> {
  let failure: unknown;
  try {
    const services = workerServicesOf(worker.endpoint);
    if (request.kind === 'serve') services.serve(request.serving);
    else await services.retire(request.service);
  } catch (error) {
    failure = error;
  }
  tell({ kind: 'reply', number, failure });
}

let running: Promise<void> | undefined;

async function stop(): Promise<void> {
  resume();
  // What the entry sets up, it must have set up before it can end it.
  await running;
  await leaveWork(worker.endpoint);
  if (worker.onStop !== undefined) await scope.run(worker.onStop, worker);
  worker.endpoint.close();
  // Stopped before it was to run, it waits for that word no more.
  port.unref();
}

/** A paused worker waits for its owner's word and for nothing else. */
function pause(): void {
  reactor.pause();
  port.ref();
  tell({ kind: 'paused' });
}

function resume(): void {
  if (!reactor.isPaused) return;
  reactor.resume();
  port.unref();
}

/** What went wrong here ends the worker, and the owner is told what the worker died of. */
function fail(failure: unknown): void {
  setImmediate(() => {
    throw failure;
  });
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'run':
      for (const other of message.workers) worker.meet(other);
      running = run();
      // Told at once, whatever this process does with promises whose rejection nobody handles.
      running.catch(fail);
      return;
    case 'joined':
      return worker.meet(message.worker);
    case 'ended':
      worker.forget(message.threadId);
      return tell({ kind: 'released', threadId: message.threadId });
    case 'request':
      return void perform(message.number, message.request);
    case 'stop':
      stop().catch(fail);
      return;
    case 'snapshot':
      return tell({ kind: 'snapshot', number: message.number, snapshot: snapshotThread(message.options) });
    case 'pause':
      return pause();
    case 'resume':
      return resume();
  }
});
tell({ kind: 'ready', address: worker.endpoint.address });
