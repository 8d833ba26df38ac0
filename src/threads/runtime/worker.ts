/** The first module of a runtime's thread: it introduces itself, waits until it knows the others, and runs the entry. */
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { setImmediate } from '../../base/runtime-functions.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { pinThread } from '../../sys/process/affinity.js';
import { openEndpoint } from '../endpoint/endpoint.js';
import { startReactor } from '../../api/thread-reactor.js';
import { inletOf, type AcceptRequest } from '../service/inlet.js';
import type { Birth, ToOwner, ToThread } from './control.js';
import { entryFunction } from './entry.js';
import { tellLoaded } from './loading.js';
import { setCurrentThread, Thread } from './thread.js';

const birth = workerData as Birth;
const port = parentPort!;
/** That of the thread's entry, and of what it is told. */
const scope = new AsyncScope('POLLUX_THREAD');
// For a reactor that does not start.
process.once('exit', onLoaded);
if (birth.processor !== undefined) pinThread(birth.processor);
const reactor = startReactor(birth.reactor);
const thread = new Thread(birth, openEndpoint({ senders: birth.senders }));
setCurrentThread(thread);
onLoaded();
process.off('exit', onLoaded);

function onLoaded(): void {
  tellLoaded(birth.loaded);
}

function tell(message: ToOwner): void {
  port.postMessage(message);
}

async function run(): Promise<void> {
  const entry = (await import(birth.entry)) as object;
  const start = entryFunction(entry, birth.entry);
  if (start !== undefined) await scope.run(start, undefined, thread);
  tell({ kind: 'running' });
  // From here on the thread lives as long as what the entry has opened.
  port.unref();
}

async function perform(number: number, request: AcceptRequest): Promise<void> {
  let failure: unknown;
  try {
    const inlet = inletOf(thread.endpoint);
    if (request.kind === 'serve') inlet.serve(request.serving);
    else await inlet.retire(request.service);
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
  if (thread.onStop !== undefined) await scope.run(thread.onStop, thread);
  thread.endpoint.close();
  // Stopped before it was to run, it waits for that word no more.
  port.unref();
}

/** A paused thread waits for its owner's word and for nothing else. */
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

/** What went wrong here ends the thread, and the owner is told what the thread died of. */
function fail(failure: unknown): void {
  setImmediate(() => {
    throw failure;
  });
}

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'run':
      for (const neighbour of message.neighbours) thread.meet(neighbour);
      running = run();
      // Told at once, whatever this process does with promises whose rejection nobody handles.
      running.catch(fail);
      return;
    case 'joined':
      return thread.meet(message.neighbour);
    case 'ended':
      thread.bury(message.threadId);
      return tell({ kind: 'buried', threadId: message.threadId });
    case 'request':
      return void perform(message.number, message.request);
    case 'stop':
      stop().catch(fail);
      return;
    case 'pause':
      return pause();
    case 'resume':
      return resume();
  }
});
tell({ kind: 'born', address: thread.endpoint.address });
