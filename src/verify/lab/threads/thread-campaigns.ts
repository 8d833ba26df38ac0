/**
 * Campaigns in several threads at once, a backend each. The threads share the process's descriptors, so a number that
 * one of them closes, too early or not, is soon another one's, in the middle of its own program.
 */
import { Worker } from 'node:worker_threads';
import type { CampaignReport } from '../campaign.js';
import type { RegistrationMode } from '../../../backends/contract.js';

export interface ThreadCampaignsPlan {
  /** As of `subjectNamed`: a backend can't be sent to a thread, its name can. */
  readonly subject: string;
  readonly threads: number;
  readonly modes: readonly RegistrationMode[];
  /** The programs of thread n have the seeds from here on that leave n when divided by the number of threads. */
  readonly firstSeed: number;
  readonly unbatched: boolean;
  /** Of each thread. */
  readonly programs: number;
  readonly durationMs: number;
}

/** What a thread is started with. */
export interface CampaignOrder extends ThreadCampaignsPlan {
  readonly thread: number;
}

/** @returns the sums, and the first failure in the order of the threads; a thread stops at its own. */
export async function runThreadCampaigns(plan: ThreadCampaignsPlan): Promise<CampaignReport> {
  const reports = await Promise.all(Array.from({ length: plan.threads }, (_, thread) => runIn({ ...plan, thread })));
  const sum = (count: (report: CampaignReport) => number) => reports.reduce((total, each) => total + count(each), 0);
  return {
    programs: sum(each => each.programs),
    steps: sum(each => each.steps),
    waits: sum(each => each.waits),
    failure: reports.find(each => each.failure !== undefined)?.failure,
  };
}

function runIn(workerData: CampaignOrder): Promise<CampaignReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./campaign-thread.js', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
    // After a message this changes nothing.
    worker.once('exit', code => reject(new Error(`the thread of a campaign ended with ${code} and no report`)));
  });
}
