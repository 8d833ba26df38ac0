/** Writes down what a kernel answers to the steps of scenarios, in the format in which they came. */
import { bsdErrnoName } from '../../model/refusal.js';
import type { Kevent } from '../../model/kevent.js';
import type { Answer, TraceTarget } from './target.js';
import type { Scenario, Step, TracedKevent } from './trace.js';
import { Unsupported } from './unsupported.js';
import { conforms, isLoose } from './values.js';

/** Filters whose idents have names. */
const NAMED: readonly unknown[] = ['READ', 'WRITE', 'EMPTY', 'EXCEPT', 'VNODE', 'SIGNAL', 'PROC'];

export interface Recording {
  /** The scenarios that were played, with this kernel's answers. */
  readonly scenarios: readonly Scenario[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** @param system what is written into each line: the kernel that answered. */
export function record(
  programs: readonly Scenario[],
  system: string,
  open: (scenario: Scenario) => TraceTarget,
): Recording {
  const scenarios: Scenario[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const seen = new Set<string>();
  for (const program of programs) {
    // Variants are one program with several outcomes.
    const name = program.variants === undefined ? program.name : program.name.replace(/~\d+$/, '');
    if (seen.has(name)) continue;
    seen.add(name);
    const target = open(program);
    try {
      const steps = program.steps.map(step => recordStep(step, target.run(step), target));
      const { area, about, fs } = program;
      scenarios.push({
        name,
        area,
        about,
        ...(fs === undefined ? {} : { fs }),
        system,
        recordings: 1,
        steps,
      } as Scenario);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      skipped.push({ name, reason: error.message });
    } finally {
      target.close();
    }
  }
  return { scenarios, skipped };
}

function recordStep(step: Step, answer: Answer, target: TraceTarget): Step {
  const recorded: Record<string, unknown> & { op: string } = { ...step };
  for (const [field, value] of Object.entries(answer.results)) recorded[field] = keepLoose(step[field], value);
  if (step.elapsedMs !== undefined) recorded.elapsedMs = keepLoose(step.elapsedMs, answer.elapsedMs);
  if (answer.events !== undefined) {
    const before = (step.events ?? []) as TracedKevent[];
    const sameLength = before.length === answer.events.length;
    recorded.events = answer.events.map((event, index) =>
      traced(event, sameLength ? before[index] : undefined, target),
    );
  }
  return recorded;
}

/** A value that was recorded as a range stays one, if this kernel's lies in it. */
function keepLoose(before: unknown, value: unknown): unknown {
  if (!isLoose(before) || !conforms(before, value)) return value;
  return 'anyOf' in before ? before : { ...before, seen: value };
}

function traced(event: Kevent, before: TracedKevent | undefined, target: TraceTarget): TracedKevent {
  const { notation } = target;
  const filter = notation.filterName(event.filter);
  const flags = notation.flagNames(event.flags);
  const isError = flags.includes('ERROR');
  const hasErrno = event.fflags !== 0 && flags.includes('EOF') && (filter === 'READ' || filter === 'WRITE');
  return {
    ident: NAMED.includes(filter) ? target.nameOf(event.ident, filter) : plain(BigInt.asIntN(64, event.ident)),
    filter,
    flags,
    fflags: hasErrno ? [bsdErrnoName(event.fflags) ?? event.fflags] : notation.fflagNames(filter, event.fflags),
    data: keepLoose(before?.data, event.data),
    udata: plain(event.udata),
    ...(isError ? { error: bsdErrnoName(event.data) ?? null } : {}),
  };
}

/** A number, or its decimal digits where a number can't hold it. */
function plain(value: bigint): number | string {
  return value < 2n ** 53n && value > -(2n ** 53n) ? Number(value) : String(value);
}
