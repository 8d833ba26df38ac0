/** Entry of the threads of a child process: each is a side, and does what the main thread asks. */
import { currentWorker } from '../../../threads/runtime/current-worker.js';
import { LocalSide } from './local-side.js';
import type { ClientPlan, ServerPlan } from '../plan.js';

const worker = currentWorker();
const { endpoint } = worker;
const side = new LocalSide();
endpoint.answer<ServerPlan>('serve', message => side.serve(message.value));
endpoint.answer<ClientPlan>('flood', message => side.flood(message.value));
endpoint.answer('stop', () => side.stop());
endpoint.answer('count', () => side.count());
endpoint.answer('progress', () => side.progress());
endpoint.answer<number | null>('finish', message => side.finish(message.value));
