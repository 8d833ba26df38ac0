/** A worker tells the main thread, which may be waiting for sockets, that its result is there: node dist/examples/user-event.js */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { triggerUser, watchUser, type UserHandle } from 'pollux';

interface Task {
  readonly result: Int32Array;
  readonly handle: UserHandle;
}

if (isMainThread) {
  const done = watchUser();
  const task: Task = { result: new Int32Array(new SharedArrayBuffer(4)), handle: done.handle };
  new Worker(new URL(import.meta.url), { workerData: task });
  await done.next();
  console.log(`the answer is ${task.result[0]}`);
  done.close();
} else {
  const { result, handle } = workerData as Task;
  result[0] = 42;
  triggerUser(handle);
}
