/** All parts of a run, as many at a time as there are processors. */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { runsAlone } from './areas.js';
import { runPart, type PartPlan } from './part-process.js';
import type { Progress } from './progress.js';
import { partReport, type PartReport } from './report.js';

/** More would be in each other's way. */
const MOST_AT_ONCE = 4;

/** @returns the reports in the order of the plans, of those that were run. */
export async function runParts(plans: readonly PartPlan[], progress: Progress): Promise<PartReport[]> {
  const reports = new Map<PartPlan, PartReport>();
  let isOver = false;
  const run = async (plan: PartPlan) => {
    if (isOver) return;
    progress.begin(plan);
    const begunMs = performance.now();
    const checks = await runPart(plan);
    const report = partReport({ ...plan, checks, durationMs: performance.now() - begunMs });
    reports.set(plan, report);
    isOver ||= plan.bails && report.failed > 0;
    progress.endOf(plan, report);
  };
  for (const plan of plans) if (runsAlone(plan.area)) await run(plan);
  const others = plans.filter(({ area }) => !runsAlone(area)).values();
  const runners = Math.min(MOST_AT_ONCE, os.availableParallelism());
  await Promise.all(
    Array.from({ length: runners }, async () => {
      for (const plan of others) await run(plan);
    }),
  );
  return plans.flatMap(plan => reports.get(plan) ?? []);
}
