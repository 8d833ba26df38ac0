/** A worker that triggers the user event it is given a hundred times. */
import { workerData } from 'node:worker_threads';
import { triggerUser, type UserHandle } from 'pollux';

for (let count = 0; count < 100; count++) triggerUser(workerData as UserHandle);
