/** Where an answer is not what was recorded. */
import type { Kevent } from '../../model/kevent.js';
import { bsdErrnoIfKnown, bsdErrnoName } from '../../model/refusal.js';
import type { Answer, TraceTarget } from './target.js';
import type { Step, TracedKevent } from './trace.js';
import { conforms } from './values.js';

export interface Difference {
  /** Index of the step, from 0. */
  readonly step: number;
  readonly op: string;
  readonly field: string;
  readonly recorded: unknown;
  readonly answered: unknown;
}

/** Fields of a step that are results, whichever call it is. */
const RESULTS = ['returned', 'errno', 'total', 'ended', 'crc32', 'accepted', 'same', 'status', 'elapsedMs'];

export function compare(step: Step, index: number, answer: Answer, target: TraceTarget): Difference[] {
  const differences: Difference[] = [];
  const note = (field: string, recorded: unknown, answered: unknown) => {
    differences.push({ step: index, op: step.op, field, recorded, answered });
  };
  const results: Record<string, unknown> = { ...answer.results };
  if (answer.elapsedMs !== undefined) results.elapsedMs = answer.elapsedMs;
  const fields = new Set([...Object.keys(answer.results), ...RESULTS.filter(field => field in step)]);
  for (const field of fields) {
    if (field in step && !agree(step[field], results[field])) note(field, step[field], results[field]);
  }
  if (step.events === undefined || step.ignoreEvents === true) return differences;
  const recorded = (step.events as TracedKevent[]).flatMap(event => expand(event));
  const answered = [...(answer.events ?? [])];
  const anyOrder = step.order === 'any';
  const shown = answered.map(event => describe(event, target));
  const agrees =
    recorded.length === answered.length &&
    recorded.every((event, place) => {
      const found = anyOrder ? answered.findIndex(candidate => matches(event, candidate, target)) : 0;
      if (found < 0 || !matches(event, answered[found], target)) return false;
      answered.splice(found, 1);
      return place < recorded.length;
    });
  if (!agrees) note('events', step.events, shown);
  return differences;
}

/** Two names of one errno are the same answer: EOPNOTSUPP and ENOTSUP are one number on FreeBSD. */
function agree(recorded: unknown, answered: unknown): boolean {
  if (conforms(recorded, answered)) return true;
  const number = typeof answered === 'string' ? bsdErrnoIfKnown(answered) : undefined;
  return number !== undefined && typeof recorded === 'string' && bsdErrnoIfKnown(recorded) === number;
}

/** One entry stands for `count` of them. */
export function expand(event: TracedKevent): TracedKevent[] {
  const { count, ...first } = event;
  if (count === undefined) return [event];
  return Array.from({ length: count }, (_, offset) => ({
    ...first,
    ident: Number(first.ident) + offset,
    udata: Number(first.udata ?? 0) + offset,
  }));
}

function matches(recorded: TracedKevent, answered: Kevent, target: TraceTarget): boolean {
  const { notation } = target;
  const recordedData = (recorded.data ?? 0) as { pidOf?: string };
  const data =
    typeof recordedData === 'object' && 'pidOf' in recordedData ? target.pidOf(recordedData.pidOf!) : recordedData;
  return (
    answered.ident === target.identOf(recorded.ident, recorded.filter) &&
    answered.filter === notation.filter(recorded.filter) &&
    answered.flags === notation.flags(recorded.flags) &&
    answered.fflags >>> 0 === notation.fflags(recorded.filter, recorded.fflags) &&
    conforms(data, answered.data) &&
    answered.udata === BigInt(recorded.udata ?? 0) &&
    (recorded.error === undefined || (recorded.error ?? undefined) === bsdErrnoName(answered.data))
  );
}

function describe(event: Kevent, target: TraceTarget): unknown {
  const { notation } = target;
  const filter = notation.filterName(event.filter);
  return {
    ident: Number(event.ident),
    filter,
    flags: notation.flagNames(event.flags),
    fflags: notation.fflagNames(filter, event.fflags),
    data: event.data,
    udata: Number(event.udata),
  };
}
