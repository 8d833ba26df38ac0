/** The same program on several backends, and the waits in which they reported different things. */
import type { Subject } from '../conformance/subject.js';
import { runProgram, type ExecutionOptions } from './execution.js';
import { bits, type Observation } from './oracle.js';
import type { Program, Step } from './program.js';
import type { Rule } from './violation.js';

/** A wait of a program, with what each backend reported, in the order of the backends. */
export interface Difference {
  readonly wait: number;
  readonly reported: readonly string[];
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** By backend; undefined where it broke nothing. */
  readonly violations: readonly (
    { readonly rule: Rule; readonly message: string; readonly step: number } | undefined
  )[];
}

/** What comes at a moment of its own tells nothing of how backends differ. */
const UNTIMELY: readonly Step['op'][] = ['timer', 'stop-timer', 'fork'];

/** Runs the program on each, without its timers and loads. */
export function compareBackends(
  subjects: readonly Subject[],
  program: Program,
  options: ExecutionOptions = {},
): Comparison {
  const compared = { ...program, steps: program.steps.filter(({ op }) => !UNTIMELY.includes(op)) };
  const outcomes = subjects.map(subject => runProgram(subject, compared, options));
  const waits = Math.max(...outcomes.map(outcome => outcome.waits.length));
  const differences: Difference[] = [];
  for (let wait = 0; wait < waits; wait++) {
    const reported = outcomes.map(outcome => describe(outcome.waits[wait]));
    if (reported.some(each => each !== reported[0])) differences.push({ wait, reported });
  }
  return { differences, violations: outcomes.map(outcome => outcome.violation) };
}

function describe(observation: Observation | undefined): string {
  if (observation === undefined) return 'not reached';
  return observation.map(([end, readiness]) => `${end}: ${bits(readiness)}`).join(', ') || 'nothing';
}
