/** `pollux stress compare`: what changed between two results, or between two sets of runs. */
import process from 'node:process';
import { Command } from 'commander';
import { compareReports, type BackendComparison } from './comparison.js';
import { readReports } from './reading.js';
import { renderComparison } from './rendering.js';
import type { StressReport } from '../result.js';

const BAD_USAGE = 2;

export function compareCommand(): Command {
  return new Command('compare')
    .description('what changed between two results of --json, and what of that is noise')
    .argument('<before>', 'a file; several runs of the same with commas: a1.json,a2.json')
    .argument('<after>', 'as <before>')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText(
      'after',
      '\nExits 0 when it could compare, whatever changed, 2 when not. docs/stress.md explains the result.',
    )
    .action((before: string, after: string, options: { json?: boolean }, command: Command) => {
      let reports: readonly [StressReport[], StressReport[]];
      let comparisons: BackendComparison[];
      try {
        reports = [readReports(before), readReports(after)];
        comparisons = compareReports(...reports);
      } catch (error) {
        command.error(`error: ${(error as Error).message}`, { exitCode: BAD_USAGE });
      }
      const text = options.json
        ? JSON.stringify({ comparisons })
        : renderComparison(reports[0][0], reports[1][0], comparisons);
      process.stdout.write(`${text}\n`);
    });
}
