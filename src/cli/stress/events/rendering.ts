/** What `pollux stress events` prints for people. */
import type { CampaignReport, Failure } from '../../../verify/lab/campaign.js';
import type { Reproduction } from './reproduction.js';
import type { Difference } from '../../../verify/lab/comparison.js';
import type { SweepResult } from '../../../verify/lab/sweep.js';
import type { ThreadWakesReport } from '../../../verify/lab/threads/thread-wakes.js';

/** @param reproduction undefined without a failure. */
export function campaignText(
  backend: string,
  { programs, steps, waits, failure }: CampaignReport,
  reproduction: Reproduction | undefined,
): string {
  const line = `${backend}: ${programs} programs, ${steps} steps, ${waits} waits`;
  if (failure === undefined) return `${line}, no violation\n`;
  return `${line}\n${failureText(failure, reproduction ?? {})}`;
}

export function threadsText(backend: string, { threads, wakes, failure }: ThreadWakesReport): string {
  return `${backend}: ${wakes} wakes from ${threads} threads, ${failure ?? 'none lost'}\n`;
}

export function sweepText(backend: string, results: readonly SweepResult[]): string {
  const rows = results.map(({ batch, mode, unbatched, changesPerSecond, systemCallsPerThousandChanges }) =>
    [
      mode.padEnd(12),
      String(batch).padStart(6),
      unbatched ? 'unbatched' : 'batched  ',
      String(changesPerSecond).padStart(12),
      String(systemCallsPerThousandChanges).padStart(20),
    ].join('  '),
  );
  const head = `${'mode'.padEnd(12)}  ${'batch'.padStart(6)}  ${'flush'.padEnd(9)}  ${'changes/s'.padStart(12)}  calls/1,000 changes`;
  return `${backend}\n${head}\n${rows.join('\n')}\n`;
}

export function differencesText(seed: number, names: readonly string[], differences: readonly Difference[]): string {
  const width = Math.max(...differences.flatMap(({ reported }) => reported.map(each => each.length)), 8);
  const row = (cells: readonly string[]) =>
    cells
      .map(cell => cell.padEnd(width))
      .join('  ')
      .trimEnd();
  const lines = differences.map(({ wait, reported }) => `${String(wait).padStart(6)}  ${row(reported)}`);
  return `seed ${seed}\n${'wait'.padStart(6)}  ${row(names)}\n${lines.join('\n')}\n`;
}

/** What was found, and the programs that show it. */
function failureText({ seed, message, step, stepsBefore, program }: Failure, { js, c, noC }: Reproduction): string {
  return [
    `VIOLATION with seed ${seed}, at step ${step} of ${program.steps.length} (shrunk from ${stepsBefore})\n${message}\n`,
    ...(js === undefined ? [] : [`--- program.mjs\n${js}`]),
    ...(c === undefined ? [] : [`--- program.c\n${c}`]),
    ...(noC === undefined ? [] : [`no C program: ${noC}\n`]),
  ].join('\n');
}
