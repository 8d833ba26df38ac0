/** The end of every form of the command: the report is made, printed, and turned into an exit code. */
import process from 'node:process';
import { kernelRelease, runtime } from '../../sys/ffi/platform.js';
import { version } from '../version.js';
import type { FloodPlan, RunPlan } from './plan.js';
import { renderReport } from './rendering.js';
import type { BackendResult, LimitNote, StressReport } from './result.js';
import { verdictOf } from './verdict.js';

export interface Outcome {
  readonly asked: StressReport['asked'];
  readonly limits: readonly LimitNote[];
  readonly results: readonly BackendResult[];
  readonly interrupted: boolean;
}

/** What of the plan stands in the report; null for what a form of the command has not. */
export function askedOf(
  sides: StressReport['asked']['sides'],
  backends: readonly string[],
  plan: Pick<RunPlan, 'mode' | 'threads'> & Partial<FloodPlan>,
): StressReport['asked'] {
  const {
    mode,
    threads,
    connections = null,
    rate = null,
    sizeBytes = null,
    durationSeconds = null,
    durationFrom = null,
  } = plan;
  return { sides, backends, mode, threads, connections, rate, sizeBytes, durationSeconds, durationFrom };
}

export function conclude({ asked, limits, results, interrupted }: Outcome, json: boolean): void {
  const verdict = verdictOf(results);
  const report: StressReport = {
    pollux: version,
    runtime,
    kernel: kernelRelease,
    asked,
    limits,
    results,
    interrupted,
    verdict,
  };
  process.stdout.write(`${json ? JSON.stringify(report) : renderReport(report)}\n`);
  process.exitCode = verdict === 'ok' ? 0 : 1;
}
