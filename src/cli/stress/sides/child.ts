/** Entry of the child processes of `pollux stress`: a share of one side's threads each, under orders. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { scanDescriptors } from '../../../sys/file/descriptor-scan.js';
import { guardOutput } from '../../output.js';
import { startThreads, type SideThreads } from './side-threads.js';
import type { Listening } from './side-thread.js';
import type { Order, Report } from '../messages.js';
import type { ServerPlan } from '../plan.js';
import { machineMs } from '../timing/machine-clock.js';

const PROGRESS_MS = 250;
const KIB = 1024;
/** How long it may take from a request that a dead thread left unanswered to the word of what it died of. */
const AUTOPSY_MS = 1_000;

let side: SideThreads | undefined;
/** Those that the process had before the run. */
let ownDescriptors = new Set<number>();
let reporting: NodeJS.Timeout | undefined;
let asking = false;
let hasFailed = false;

function tell(report: Report): void {
  process.send!(report);
}

/** The channel keeps the process alive; it goes when the last word is out. */
function tellLast(report: Report): void {
  process.send!(report, () => process.disconnect());
}

/** The first failure is the cause of those that follow. */
function tellFailure(failure: Error): void {
  if (hasFailed) return;
  hasFailed = true;
  tellLast({ report: 'failed', message: failure.message });
}

/** A thread that is too busy to answer is not asked again before it has. */
async function reportProgress({ threads }: SideThreads): Promise<void> {
  if (asking) return;
  asking = true;
  const each = await Promise.all(threads.map(thread => thread.progress()));
  asking = false;
  const { user, system } = process.cpuUsage();
  tell({ report: 'progress', progress: { atMs: machineMs(), cpuMicroseconds: user + system, threads: each } });
}

function beginReporting(of: SideThreads): NodeJS.Timeout {
  // A thread that can't be asked has died; the side that waits for its answer to an order says so.
  return setInterval(() => void reportProgress(of).catch(() => {}), PROGRESS_MS).unref();
}

async function serve({ threads: [first, ...others] }: SideThreads, plan: ServerPlan): Promise<Listening[]> {
  const place = await first.serve(plan);
  const next = plan.isShared ? { ...plan, at: place.place as ServerPlan['at'] } : plan;
  return [place, ...(await Promise.all(others.map(thread => thread.serve(next))))];
}

async function obey(message: Order): Promise<void> {
  if (message.order === 'prepare') {
    const { name, threads, backend, mode } = message;
    side = await startThreads(name, threads, { backend, mode }, tellFailure);
    ownDescriptors = new Set(scanDescriptors());
    tell({ report: 'prepared' });
    return;
  }
  const { threads } = side!;
  switch (message.order) {
    case 'serve': {
      const places = await serve(side!, message.plan);
      reporting = beginReporting(side!);
      tell({ report: 'listening', places });
      break;
    }
    case 'flood': {
      const pushed = Promise.all(threads.map((thread, index) => thread.flood(message.plans[index])));
      reporting = beginReporting(side!);
      await pushed;
      tell({ report: 'pushed' });
      break;
    }
    case 'stop':
      await Promise.all(threads.map(thread => thread.stop()));
      break;
    case 'count':
      await Promise.all(threads.map(thread => thread.count()));
      tell({ report: 'counted' });
      break;
    case 'finish': {
      const { expected } = message;
      const accounts = await Promise.all(threads.map((thread, index) => thread.finish(expected?.[index] ?? null)));
      clearInterval(reporting);
      const leftOpen = scanDescriptors().filter(fd => !ownDescriptors.has(fd)).length;
      await side!.end();
      const rssBytes = process.resourceUsage().maxRSS * KIB;
      tellLast({ report: 'result', account: { threads: accounts, rssBytes, leftOpen } });
      break;
    }
  }
}

/** The coordinator waits for as long as something goes on. */
process.on('worker', worker => worker.once('online', () => tell({ report: 'starting' })));
process.on('message', (message: Order) => {
  obey(message).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') await delay(AUTOPSY_MS);
    tellFailure(error);
  });
});
// Ctrl-C reaches the whole group; what to do about it is the coordinator's to say.
process.on('SIGINT', () => {});
// Without a coordinator nobody wants the result.
guardOutput();
process.on('disconnect', () => process.exit());
