/** `pollux conformance --replay`: recorded traces against the model. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Command } from 'commander';
import { ModelTarget } from '../../verify/conformance/traces/model/target.js';
import { replay, type ReplayResult } from '../../verify/conformance/traces/replay.js';
import { parseTraces, type Scenario } from '../../verify/conformance/traces/trace.js';
import { profileNamed, profiles, type Profile } from '../../verify/model/profile.js';

export interface ReplayOptions {
  readonly replay: string;
  readonly profile: string;
  /** Names of areas, with commas between them. */
  readonly area?: string;
  readonly json?: boolean;
}

const FAILED = 1;
const BAD_USAGE = 2;

export const profileNames = Object.keys(profiles);

export function runReplay(options: ReplayOptions, command: Command): void {
  const profile = orRefuse(() => profileNamed(options.profile), '--profile', command);
  const all = orRefuse(() => parseTraces(readFileSync(options.replay, 'utf8')), `--replay ${options.replay}`, command);
  const scenarios = orRefuse(() => inAreas(all, options.area), '--area', command);
  const results = replay(scenarios, scenario => new ModelTarget(profile, scenario));
  const count = (outcome: ReplayResult['outcome']) => results.filter(result => result.outcome === outcome).length;
  const report = {
    file: options.replay,
    profile: profile.name,
    source: profile.source,
    same: count('same'),
    different: count('different'),
    skipped: count('skipped'),
    results,
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    for (const result of results) process.stdout.write(lines(result));
    const totals = `${report.same} the same, ${report.different} different, ${report.skipped} skipped`;
    process.stdout.write(`${describe(profile)}: ${totals}\n`);
  }
  process.exitCode = report.different === 0 ? 0 : FAILED;
}

function inAreas(scenarios: readonly Scenario[], list: string | undefined): readonly Scenario[] {
  if (list === undefined) return scenarios;
  const areas = list.split(',');
  const known = [...new Set(scenarios.map(({ area }) => area))];
  for (const area of areas) {
    if (!known.includes(area)) throw new TypeError(`'${area}'; in this file: ${known.join(', ')}`);
  }
  return scenarios.filter(({ area }) => areas.includes(area));
}

function lines({ area, name, outcome, reason, differences }: ReplayResult): string {
  if (outcome === 'same') return '';
  const first = `${outcome}  ${area}: ${name}${reason === undefined ? '' : `\n      ${reason}`}\n`;
  const rest = differences.map(
    ({ step, op, field, recorded, answered }) =>
      `      step ${step} (${op}) ${field}\n        recorded ${JSON.stringify(recorded)}\n        answered ${JSON.stringify(answered)}\n`,
  );
  return first + rest.join('');
}

function describe({ name, source }: Profile): string {
  return source === 'recorded' ? `model ${name}` : `model ${name} (from the manual)`;
}

function orRefuse<Result>(call: () => Result, option: string, command: Command): Result {
  try {
    return call();
  } catch (error) {
    return command.error(`error: ${option}: ${(error as Error).message}`, { exitCode: BAD_USAGE });
  }
}
