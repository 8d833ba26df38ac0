/** A thread that runs one campaign and posts its report. */
import { parentPort, workerData } from 'node:worker_threads';
import { subjectNamed } from '../../conformance/subject.js';
import { runCampaign } from '../campaign.js';
import type { CampaignOrder } from './thread-campaigns.js';

const { subject, thread, threads, modes, firstSeed, unbatched, programs, durationMs } = workerData as CampaignOrder;
const deadline = performance.now() + durationMs;

parentPort!.postMessage(
  runCampaign({
    subject: subjectNamed(subject),
    modes,
    firstSeed: firstSeed + thread,
    seedStep: threads,
    unbatched,
    goesOn: done => done < programs && performance.now() < deadline,
  }),
);
