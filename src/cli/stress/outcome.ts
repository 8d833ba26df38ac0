/** The end of every form of the command: the report is made, printed, and turned into an exit code. */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { kernelRelease, runtime } from '../../sys/ffi/platform.js';
import { version } from '../version.js';
import type { FloodPlan, RunPlan, Transport } from './plan.js';
import { renderReport } from './rendering.js';
import type { BackendResult, LimitNote, StressReport } from './result.js';
import { verdictOf } from './verdict.js';

/** Where results go. */
export interface Output {
  /** On standard output in place of the table for people (true), or to a file beside it. */
  readonly json: boolean | string | undefined;
  /** A file for what each thread did in each second. */
  readonly csv: string | undefined;
}

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
  plan: Pick<RunPlan, 'mode' | 'threads'> & { readonly transport: Transport } & Partial<FloodPlan>,
): StressReport['asked'] {
  const { transport, mode, threads } = plan;
  return {
    sides,
    backends,
    transport,
    mode,
    threads,
    connections: plan.connections ?? null,
    rate: plan.rate ?? null,
    message: plan.sizes?.text ?? null,
    datagrams: plan.datagrams ?? null,
    durationSeconds: plan.durationSeconds ?? null,
    durationFrom: plan.durationFrom ?? null,
  };
}

/** @throws Error the file for JSON can't be written; what is for people was printed. */
export function conclude(outcome: Outcome, { json }: Pick<Output, 'json'>): void {
  const { asked, limits, results, interrupted } = outcome;
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
  process.stdout.write(`${json === true ? JSON.stringify(report) : renderReport(report)}\n`);
  process.exitCode = verdict === 'ok' ? 0 : 1;
  if (typeof json === 'string') writeJson(json, report);
}

function writeJson(path: string, report: StressReport): void {
  try {
    writeFileSync(path, `${JSON.stringify(report)}\n`);
  } catch (error) {
    throw new Error(`--json ${path}: ${(error as Error).message}`, { cause: error });
  }
}
