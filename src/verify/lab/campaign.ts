/** Program after program on one backend, until one breaks a promise, and that one shrunk. */
import type { Subject } from '../conformance/subject.js';
import { runProgram, type ExecutionOptions } from './execution.js';
import { generateProgram } from './generation.js';
import type { RegistrationMode } from '../../backends/contract.js';
import type { Program } from './program.js';
import { shrink } from './shrinking.js';
import type { Rule } from './violation.js';

/** Of timers while a program is shrunk, so that a backend that loses them is not waited for in each run. */
const HASTY_GRACE_MS = 150;

export interface CampaignPlan {
  readonly subject: Subject;
  readonly modes: readonly RegistrationMode[];
  /** Programs have the seeds from here on, each `seedStep` after the last; 1 by default. */
  readonly firstSeed: number;
  readonly seedStep?: number;
  readonly unbatched: boolean;
  /** Asked before each program. */
  readonly goesOn: (programs: number) => boolean;
}

export interface Failure {
  readonly seed: number;
  readonly rule: Rule;
  /** Of the shrunk program, and the step at which it showed. */
  readonly message: string;
  readonly step: number;
  readonly program: Program;
  /** Steps of the program before it was shrunk. */
  readonly stepsBefore: number;
  readonly unbatched: boolean;
}

export interface CampaignReport {
  readonly programs: number;
  readonly steps: number;
  readonly waits: number;
  readonly failure: Failure | undefined;
}

export function runCampaign(plan: CampaignPlan): CampaignReport {
  const { subject, modes, firstSeed, seedStep = 1, unbatched, goesOn } = plan;
  const options: ExecutionOptions = { unbatched };
  let programs = 0;
  let steps = 0;
  let waits = 0;
  let failure: Failure | undefined;
  while (failure === undefined && goesOn(programs)) {
    const seed = firstSeed + seedStep * programs++;
    const program = generateProgram(seed, modes);
    const outcome = runProgram(subject, program, options);
    steps += program.steps.length;
    waits += outcome.waits.length;
    if (outcome.violation === undefined) continue;
    failure = { seed, unbatched, ...outcome.violation, ...shrunk(subject, program, outcome.violation, options) };
  }
  return { programs, steps, waits, failure };
}

function shrunk(
  subject: Subject,
  program: Program,
  { rule, message, step }: { rule: Rule; message: string; step: number },
  options: ExecutionOptions,
): Pick<Failure, 'program' | 'rule' | 'message' | 'step' | 'stepsBefore'> {
  const shrinkBy = (using: ExecutionOptions) =>
    shrink(program, rule, candidate => runProgram(subject, candidate, using).violation?.rule);
  let smallest = shrinkBy({ ...options, timerGraceMs: HASTY_GRACE_MS });
  let last = runProgram(subject, smallest, options).violation;
  if (last === undefined) {
    smallest = shrinkBy(options);
    last = runProgram(subject, smallest, options).violation;
  }
  return {
    program: smallest,
    // A failure that hangs on time may hide this once: what was seen first is told then.
    rule: last?.rule ?? rule,
    message: last?.message ?? message,
    step: last?.step ?? step,
    stepsBefore: program.steps.length,
  };
}
