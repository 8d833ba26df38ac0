/** A thread that triggers a user event of the thread that started it. */
import { workerData } from 'node:worker_threads';
import { triggerUser, type UserHandle } from '../../../index.js';

triggerUser(workerData as UserHandle);
