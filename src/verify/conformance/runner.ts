/** Runs the rows against a backend, one after another, and says how each went. Needs nothing but the runtime. */
import type { BackendFactory } from '../../backends/contract.js';
import { platform, runtime } from '../../sys/ffi/platform.js';
import { realWorld } from './real-world.js';
import type { BackendGate, ConformanceReport, Gate, Needs, RowResult, ThemedRow } from './row.js';
import { suite } from './suite.js';
import { DEFAULT_DEADLINE_MS, SkipRow, Trial } from './trial.js';
import type { World } from './world.js';

/** Options of `runRow`. */
export interface RowOptions {
  /** Gates of a backend that the suite doesn't know. */
  readonly gates?: readonly BackendGate[];
  /** How long what must happen may take before the row fails, in milliseconds. Default 4,000. */
  readonly deadlineMs?: number;
  /** Where descriptors come from. Default: the kernel that this runs on. */
  readonly world?: World;
}

/** Options of `runConformance`. */
export interface ConformanceOptions extends RowOptions {
  /** Runs only rows whose name or theme contains this text, in any case. */
  readonly only?: string;
  /** Called after each row. */
  readonly onResult?: (result: RowResult) => void;
}

/**
 * Runs the suite against a backend: each row on a backend of its own, with descriptors of its own. It blocks the thread
 * for a second or so, and never for ever: every wait has a deadline.
 *
 * @throws TypeError a gate names a row that doesn't exist.
 */
export function runConformance(factory: BackendFactory, options: ConformanceOptions = {}): ConformanceReport {
  const { onResult } = options;
  checkGates(options.gates ?? []);
  const rows: RowResult[] = [];
  for (const row of selectRows(options.only)) {
    const result = runRow(factory, row, options);
    rows.push(result);
    onResult?.(result);
  }
  const count = (status: RowResult['status']) => rows.filter(row => row.status === status).length;
  return {
    backend: factory.name,
    kernel: (options.world ?? realWorld).name,
    runtime,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    rows,
  };
}

/** The rows whose name or theme contains `only`; all of them without it. */
export function selectRows(only = ''): readonly ThemedRow[] {
  const wanted = only.toLowerCase();
  return suite.filter(row => row.name.toLowerCase().includes(wanted) || row.theme.includes(wanted));
}

/** Runs one row. A failure of the row is a result, not an exception. */
export function runRow(factory: BackendFactory, row: ThemedRow, options: RowOptions = {}): RowResult {
  const { gates = [], deadlineMs = DEFAULT_DEADLINE_MS, world = realWorld } = options;
  const start = performance.now();
  const failure = attemptWithoutLeak(factory, row, deadlineMs, world);
  const result = (status: RowResult['status'], reason?: string): RowResult => ({
    name: row.name,
    theme: row.theme,
    status,
    reason,
    durationMs: performance.now() - start,
  });
  if (failure instanceof SkipRow) return result('skip', failure.reason);
  const gate = gateOf(factory.name, row, gates);
  if (gate === undefined) return failure === undefined ? result('pass') : result('fail', failure.message);
  if (failure !== undefined) return result('skip', `gate: ${gate.reason}`);
  return result('fail', `stale gate: the row passes with ${factory.name} on ${platform}; remove it ("${gate.reason}")`);
}

/**
 * Runs the row, and fails it if it leaves descriptors open. Twice before it says so: a runtime may open some of its own
 * that it keeps, such as Bun when it first starts a child; a leak of the backend comes every time.
 */
function attemptWithoutLeak(
  factory: BackendFactory,
  row: ThemedRow,
  deadlineMs: number,
  world: World,
): Error | SkipRow | undefined {
  for (let run = 1; ; run++) {
    const before = world.countOpen();
    const failure = attempt(factory, row, deadlineMs, world);
    if (failure !== undefined) return failure;
    const after = world.countOpen();
    if (before === undefined || after === undefined || after <= before) return undefined;
    if (run === 2) return new Error(`descriptors open after the row: expected ${before}, got ${after}`);
  }
}

function attempt(
  factory: BackendFactory,
  row: ThemedRow,
  deadlineMs: number,
  world: World,
): Error | SkipRow | undefined {
  let trial: Trial | undefined;
  let failure: Error | SkipRow | undefined;
  try {
    trial = new Trial(factory, deadlineMs, world);
    const unmet = row.needs && unmetNeed(trial, row.needs);
    if (unmet !== undefined) trial.skip(unmet);
    row.run(trial);
  } catch (error) {
    failure = failureOf(error);
  }
  try {
    trial?.end();
  } catch (error) {
    failure ??= failureOf(error);
  }
  return failure;
}

function failureOf(thrown: unknown): Error | SkipRow {
  return thrown instanceof SkipRow || thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Why the row can't run here, or undefined. */
function unmetNeed({ backend: { name, modes }, description }: Trial, needs: Needs): string | undefined {
  if (needs.platforms !== undefined && !needs.platforms.includes(platform)) {
    return `only on ${needs.platforms.join(', ')}`;
  }
  if (needs.mode !== undefined && !modes.includes(needs.mode)) {
    return `${name} has no mode '${needs.mode}'`;
  }
  if (needs.data === true && !description.reportsData) return `${name} reports no data with its events`;
  if (needs.refuses !== undefined && !description.refuses.includes(needs.refuses)) {
    return `${name} does not refuse descriptors of kind '${needs.refuses}'`;
  }
  if (needs.registrations !== undefined && description.maxRegistrations < needs.registrations) {
    return `${name} holds at most ${description.maxRegistrations} registrations; needs ${needs.registrations}`;
  }
  if (needs.registrationsAtMost !== undefined && description.maxRegistrations > needs.registrationsAtMost) {
    return `${name} holds ${description.maxRegistrations} registrations: too many to fill`;
  }
  return undefined;
}

function gateOf(backend: string, row: ThemedRow, gates: readonly BackendGate[]): Gate | undefined {
  const own = gates.filter(gate => gate.row === row.name);
  return [...(row.gates ?? []), ...own].find(
    gate => (gate.platform ?? platform) === platform && (gate.backend ?? backend) === backend,
  );
}

function checkGates(gates: readonly BackendGate[]): void {
  for (const gate of gates) {
    if (!suite.some(row => row.name === gate.row)) throw new TypeError(`gates: no row is called '${gate.row}'`);
  }
}
