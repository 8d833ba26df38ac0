/** `pollux conformance --compare`: what two kernels answer otherwise, as a table in words. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Command } from 'commander';
import {
  compareRecordings,
  type NamedRecording,
  type RecordingComparison,
} from '../../verify/conformance/traces/comparison.js';
import { ModelTarget } from '../../verify/conformance/traces/model/target.js';
import { record } from '../../verify/conformance/traces/recording.js';
import { shippedTraces } from '../../verify/conformance/traces/shipped.js';
import { parseTraceFile, type Scenario } from '../../verify/conformance/traces/trace.js';
import { table } from '../../verify/conformance/markdown-table.js';
import { profileNamed } from '../../verify/model/profile.js';

export interface CompareOptions {
  /** Two files, or models: 'model:freebsd-15'. */
  readonly compare: readonly string[];
  readonly json?: boolean;
}

const BAD_USAGE = 2;
const MODEL = 'model:';

export function runCompare({ compare, json }: CompareOptions, command: Command): void {
  const refuse = (message: string): never => command.error(`error: --compare: ${message}`, { exitCode: BAD_USAGE });
  if (compare.length !== 2) refuse(`${compare.length} given; allowed: two files, or models such as model:freebsd-15`);
  try {
    const files = compare.map(name => (name.startsWith(MODEL) ? undefined : readRecording(name)));
    // A model plays what the other one has.
    const programs = (files[0] ?? files[1])?.scenarios ?? shippedTraces();
    const [a, b] = compare.map((name, index) => files[index] ?? ofModel(name, programs));
    const comparison = compareRecordings(a, b);
    process.stdout.write(json ? `${JSON.stringify({ compared: compare, ...comparison })}\n` : text(a, b, comparison));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) refuse(error.message);
    throw error;
  }
}

/** @throws SyntaxError with the file and the line. */
function readRecording(path: string): NamedRecording {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SyntaxError((error as Error).message, { cause: error });
  }
  try {
    return { name: path, ...parseTraceFile(content) };
  } catch (error) {
    throw new SyntaxError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function ofModel(name: string, programs: readonly Scenario[]): NamedRecording {
  const profile = profileNamed(name.slice(MODEL.length));
  const { scenarios } = record(programs, name, scenario => new ModelTarget(profile, scenario));
  return { name, scenarios, lines: new Map() };
}

function text(a: NamedRecording, b: NamedRecording, comparison: RecordingComparison): string {
  const { same, different, onlyIn, differences } = comparison;
  const cell = (words: string) => words.replaceAll('|', '\\|');
  const rows = differences.map(({ area, scenario, step, op, answers }) => [
    area,
    scenario,
    `${step}, ${op}`,
    ...answers.map(cell),
  ]);
  const differing = rows.length === 0 ? '' : `${table(['Area', 'Scenario', 'Step', a.name, b.name], rows)}\n\n`;
  const only = [a, b]
    .map(({ name }, index) => (onlyIn[index].length === 0 ? '' : `, ${onlyIn[index].length} only in ${name}`))
    .join('');
  return `${differing}${same} scenarios are answered alike, ${different} otherwise${only}\n`;
}
