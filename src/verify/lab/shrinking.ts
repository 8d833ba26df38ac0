/** Delta debugging: the shortest program that still breaks the same promise. */
import type { Rule } from './violation.js';
import type { Program, Step } from './program.js';

/** @returns the rule that a program breaks, or undefined. */
export type Check = (program: Program) => Rule | undefined;

/** A bound on runs, so that a failure that comes and goes can't keep the lab busy. */
const MOST_RUNS = 2_000;

/**
 * Shrinks a program that breaks `rule`: first steps go, in ever smaller groups, then arguments get simpler, until
 * nothing more can be taken away. A smaller program that breaks another rule does not count.
 */
export function shrink(program: Program, rule: Rule, check: Check): Program {
  const search = new Search(program, rule, check);
  let size: string;
  do {
    size = JSON.stringify(search.best);
    search.removeSteps();
    search.simplifySteps();
    search.simplifyProgram();
  } while (JSON.stringify(search.best) !== size);
  return search.best;
}

class Search {
  private runs = 0;

  constructor(
    public best: Program,
    private readonly rule: Rule,
    private readonly check: Check,
  ) {}

  removeSteps(): void {
    for (let group = this.best.steps.length; group >= 1; group = group >> 1) {
      for (let start = this.best.steps.length - group; start >= 0; start -= group) {
        const { steps } = this.best;
        this.accept({ ...this.best, steps: [...steps.slice(0, start), ...steps.slice(start + group)] });
      }
    }
  }

  simplifySteps(): void {
    for (let index = 0; index < this.best.steps.length; index++) {
      for (const simpler of simplerSteps(this.best.steps[index])) {
        if (this.accept({ ...this.best, steps: this.best.steps.with(index, simpler) })) break;
      }
    }
  }

  simplifyProgram(): void {
    for (let channel = this.best.channels.length - 1; channel >= 0; channel--) {
      const { channels } = this.best;
      const without = withoutChannel(this.best, channel);
      if (without !== undefined && this.accept(without)) continue;
      if (channels[channel] !== 'unix') this.accept({ ...this.best, channels: channels.with(channel, 'unix') });
    }
    for (const maxEvents of [64, 8]) {
      if (this.best.maxEvents < maxEvents && this.accept({ ...this.best, maxEvents })) break;
    }
  }

  private accept(candidate: Program): boolean {
    if (this.runs++ >= MOST_RUNS || this.check(candidate) !== this.rule) return false;
    this.best = candidate;
    return true;
  }
}

/** Simplest first. */
function simplerSteps(step: Step): Step[] {
  switch (step.op) {
    case 'change-mode':
    case 'register': {
      const simpler: Step[] = [];
      if (step.mode !== 'level') simpler.push({ ...step, mode: 'level' });
      for (const interest of [1, 2]) if (step.interest > interest) simpler.push({ ...step, interest });
      return simpler;
    }
    case 'modify':
      return [1, 2].filter(interest => step.interest > interest).map(interest => ({ ...step, interest }));
    case 'write':
    case 'read':
    case 'burst':
      return shorter(step);
    case 'fork':
      return [{ op: 'burst', lengthBytes: 1 }, { op: 'burst', lengthBytes: step.lengthBytes }, ...shorter(step)];
    case 'wait':
      return step.timeoutMs > 0 ? [{ ...step, timeoutMs: 0 }] : [];
    case 'timer':
      return [
        ...(step.unit === undefined ? [] : [{ op: step.op, delayMs: step.delayMs }]),
        ...(step.delayMs > 0 ? [{ ...step, delayMs: 0 }] : []),
      ];
    default:
      return [];
  }
}

function shorter<S extends Step & { readonly lengthBytes: number }>(step: S): S[] {
  return step.lengthBytes > 1 ? [{ ...step, lengthBytes: 1 }] : [];
}

/** The program without a channel that no step names, the ones after it renumbered. */
function withoutChannel(program: Program, gone: number): Program | undefined {
  if (program.channels.length === 1 || program.steps.some(step => channelOf(step) === gone)) return undefined;
  const steps = program.steps.map(step => {
    if ('channel' in step) return step.channel > gone ? { ...step, channel: step.channel - 1 } : step;
    if ('end' in step) return step.end >> 1 > gone ? { ...step, end: step.end - 2 } : step;
    return step;
  });
  return { ...program, channels: program.channels.toSpliced(gone, 1), steps };
}

function channelOf(step: Step): number | undefined {
  if ('channel' in step) return step.channel;
  return 'end' in step ? step.end >> 1 : undefined;
}
