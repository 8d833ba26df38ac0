/** Where two kernels answer the same scenarios otherwise, in words. */
import { kqueueSystems } from '../../../sys/poll/kevent-layout.js';
import { expand } from './differences.js';
import { Notation } from './notation.js';
import type { Scenario, Step, TracedKevent } from './trace.js';
import { conforms, isLoose } from './values.js';

/** What a kernel answered, and how people call it. */
export interface NamedRecording {
  /** A file, or a model. */
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  /** The line of each scenario, where it has one. */
  readonly lines: ReadonlyMap<Scenario, number>;
}

export interface RecordedDifference {
  readonly area: string;
  readonly scenario: string;
  readonly about: string;
  /** From 1. */
  readonly step: number;
  readonly op: string;
  /** What each of the two answered. */
  readonly answers: readonly [string, string];
}

export interface RecordingComparison {
  /** Scenarios that both answer alike. */
  readonly same: number;
  /** Scenarios that they do not. */
  readonly different: number;
  /** Scenarios that only one of the two has, by their names. */
  readonly onlyIn: readonly [readonly string[], readonly string[]];
  readonly differences: readonly RecordedDifference[];
}

/** More events of a step are counted. */
const MOST_SHOWN = 6;

/** Names in recordings are FreeBSD's. */
const notation = new Notation(kqueueSystems['freebsd-12'].constants);

/** Fields that are answers; all others are what was asked. */
const ANSWERS = ['returned', 'errno', 'events', 'total', 'ended', 'crc32', 'accepted', 'same', 'status', 'value'];
/** Fields that hang on the machine, or inform. */
const IGNORED = ['elapsedMs', 'order', 'either', 'recordings', 'cpus'];

/** @throws SyntaxError they have no scenario in common, or one of a name with other steps. */
export function compareRecordings(a: NamedRecording, b: NamedRecording): RecordingComparison {
  const [ours, theirs] = [families(a.scenarios), families(b.scenarios)];
  const common = [...ours.keys()].filter(name => theirs.has(name));
  if (common.length === 0) throw new SyntaxError(`${a.name} and ${b.name} have no scenario in common`);
  const differences: RecordedDifference[] = [];
  let same = 0;
  for (const name of common) {
    const [first, second] = [ours.get(name)!, theirs.get(name)!];
    checkSteps(name, first[0], second[0], a, b);
    const found = first.flatMap(one => second.map(other => compareScenario(name, one, other)));
    // A kernel with several outcomes is like another one if they have one in common.
    const least = found.reduce((best, each) => (each.length < best.length ? each : best));
    if (least.length === 0) same++;
    differences.push(...least);
  }
  const missing = (from: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) =>
    [...from.keys()].filter(name => !other.has(name));
  const onlyIn = [missing(ours, theirs), missing(theirs, ours)] as const;
  return { same, different: common.length - same, onlyIn, differences };
}

/** Scenarios that are one program with several outcomes, by the name of the program. */
function families(scenarios: readonly Scenario[]): Map<string, readonly Scenario[]> {
  const byName = new Map<string, readonly Scenario[]>();
  for (const scenario of scenarios) {
    const name = scenario.variants === undefined ? scenario.name : scenario.name.replace(/~\d+$/, '');
    byName.set(name, [...(byName.get(name) ?? []), scenario]);
  }
  return byName;
}

function checkSteps(name: string, one: Scenario, other: Scenario, a: NamedRecording, b: NamedRecording): void {
  const index = one.steps.findIndex((step, place) => asked(step) !== asked(other.steps[place]));
  if (index < 0 && one.steps.length === other.steps.length) return;
  const place = (recording: NamedRecording, scenario: Scenario) => {
    const line = recording.lines.get(scenario);
    return line === undefined ? recording.name : `${recording.name}, line ${line}`;
  };
  const step = index < 0 ? Math.min(one.steps.length, other.steps.length) : index;
  throw new SyntaxError(
    `'${name}' is not the same program in both, from step ${step + 1} on: ${place(a, one)}; ${place(b, other)}`,
  );
}

/** What a step asks, to compare. */
function asked(step: Step | undefined): string | undefined {
  if (step === undefined) return undefined;
  const fields = Object.entries(step).filter(([name]) => !ANSWERS.includes(name) && !IGNORED.includes(name));
  return JSON.stringify(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function compareScenario(scenario: string, one: Scenario, other: Scenario): RecordedDifference[] {
  const { area, about } = one;
  return one.steps.flatMap((step, index) => {
    const second = other.steps[index];
    if (alike(step, second)) return [];
    const answers = [answerText(step), answerText(second)] as const;
    return [{ area, scenario, about, step: index + 1, op: step.op, answers }];
  });
}

function alike(one: Step, other: Step): boolean {
  return ANSWERS.every(field => {
    if (!(field in one) || !(field in other)) return true;
    if (field !== 'events') return agree(one[field], other[field]);
    return sameEvents(eventsOf(one), eventsOf(other), one.order === 'any');
  });
}

/** An entry that stands for several, as so many. */
function eventsOf(step: Step): TracedKevent[] {
  return (step.events as readonly TracedKevent[]).flatMap(event => expand(event));
}

function sameEvents(one: readonly TracedKevent[], other: readonly TracedKevent[], anyOrder: boolean): boolean {
  if (one.length !== other.length) return false;
  const left = [...other];
  return one.every(event => {
    const place = anyOrder ? left.findIndex(candidate => sameEvent(event, candidate)) : 0;
    return place >= 0 && sameEvent(event, left.splice(place, 1)[0]);
  });
}

function sameEvent(one: TracedKevent, other: TracedKevent): boolean {
  const bits = (names: readonly (string | number)[] = []) => [...names].map(String).sort().join();
  return (
    one.ident === other.ident &&
    one.filter === other.filter &&
    bits(one.flags) === bits(other.flags) &&
    notation.fflags(one.filter, one.fflags) === notation.fflags(other.filter, other.fflags) &&
    String(one.udata ?? 0) === String(other.udata ?? 0) &&
    agree(one.data ?? 0, other.data ?? 0)
  );
}

/** A range of one kernel and a number or a range of the other agree where they meet. */
function agree(one: unknown, other: unknown): boolean {
  // The number of a process is another one each time.
  if (isProcess(one) || isProcess(other)) return true;
  if (isLoose(one) && isLoose(other)) return true;
  return isLoose(other) ? conforms(other, one) : conforms(one, other);
}

function isProcess(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'pidOf' in value;
}

/** '2 returned', 'EPIPE', 'READ of a with EOF, data 0'. */
function answerText(step: Step): string {
  const parts = ANSWERS.filter(field => field in step).flatMap(field => fieldText(step, field));
  return parts.length === 0 ? 'done' : parts.join('; ');
}

function fieldText(step: Step, field: string): string[] {
  const value = step[field];
  if (field === 'errno') return value === null ? [] : [value as string];
  if (field === 'events') {
    const events = eventsOf(step);
    if (events.length === 0) return step.errno === null ? ['no event'] : [];
    const more = events.length > MOST_SHOWN ? [`and ${events.length - MOST_SHOWN} more`] : [];
    return [...events.slice(0, MOST_SHOWN).map(eventText), ...more];
  }
  // The events, or the errno, say it.
  if (field === 'returned' && (step.op.startsWith('kevent') || value === -1)) return [];
  return [field === 'returned' ? `${valueText(value)} returned` : `${field} ${valueText(value)}`];
}

function eventText({ ident, filter, flags = [], fflags = [], data, error }: TracedKevent): string {
  const source = `${filter} of ${ident}`;
  if (error !== undefined) return `${source}: ${error ?? 'taken'}`;
  const words = [...flags, ...fflags].join(', ');
  return `${source}${words === '' ? '' : ` with ${words}`}, data ${valueText(data ?? 0)}`;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isLoose(value)) return JSON.stringify(value);
  if (value.anyOf !== undefined) return value.anyOf.map(valueText).join(' or ');
  return `${value.min ?? 'any'} to ${value.max ?? 'any'}`;
}
