/**
 * Recorded behaviour of a kernel: JSON Lines, a scenario a line, in it the steps and what each of them answered. The
 * format is described in docs/internals/traces.md.
 */

/** A change or an event of kevent(2), with names for everything that has one. */
export interface TracedKevent {
  readonly ident: string | number;
  readonly filter: string | number;
  readonly flags?: readonly (string | number)[];
  readonly fflags?: readonly (string | number)[];
  readonly data?: unknown;
  /** A decimal string above 2^53. */
  readonly udata?: number | string;
  /** So many entries that follow each other, ident and udata increasing by one. */
  readonly count?: number;
  /** Name of the errno in `data`, null for a receipt. */
  readonly error?: string | null;
}

/** One call: `op`, its arguments, and its results as they were recorded. */
export type Step = { readonly op: string } & Readonly<Record<string, unknown>>;

export interface Scenario {
  readonly name: string;
  readonly area: string;
  readonly about: string;
  readonly fs?: 'ufs' | 'tmpfs';
  /** Names of the scenarios that are the same one with another outcome: agreeing with any of them is enough. */
  readonly variants?: readonly string[];
  readonly steps: readonly Step[];
}

/** A file of scenarios, and where each of them stands. */
export interface TraceFile {
  readonly scenarios: Scenario[];
  readonly lines: ReadonlyMap<Scenario, number>;
}

/** @throws SyntaxError which line is no scenario, and why. */
export function parseTraces(text: string): Scenario[] {
  return parseTraceFile(text).scenarios;
}

/** @throws SyntaxError which line is no scenario, and why. */
export function parseTraceFile(text: string): TraceFile {
  const lines = new Map<Scenario, number>();
  const names = new Map<string, number>();
  const texts = text.split('\n');
  texts.forEach((line, index) => {
    if (line.trim() === '') return;
    // A writer ends each line. A last one without an end, which is no JSON, was cut.
    const scenario = parseScenario(line, index + 1, index === texts.length - 1);
    const before = names.get(scenario.name);
    if (before !== undefined) {
      throw new SyntaxError(`line ${index + 1}: line ${before} has a scenario of the name '${scenario.name}' already`);
    }
    names.set(scenario.name, index + 1);
    lines.set(scenario, index + 1);
  });
  if (lines.size === 0) throw new SyntaxError('no scenario in it');
  return { scenarios: [...lines.keys()], lines };
}

function parseScenario(line: string, number: number, isUnended: boolean): Scenario {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    const why = isUnended ? 'the file ends in the middle of it: it was cut' : (error as Error).message;
    throw new SyntaxError(`line ${number}: no JSON: ${why}`, { cause: error });
  }
  const scenario = parsed as Partial<Scenario> | null;
  if (typeof scenario?.name !== 'string' || typeof scenario.area !== 'string' || !Array.isArray(scenario.steps)) {
    throw new SyntaxError(`line ${number}: this is no trace: a scenario has a name, an area and a list of steps`);
  }
  if (!scenario.steps.every(step => typeof (step as Step | null)?.op === 'string')) {
    throw new SyntaxError(`line ${number}: every step of '${scenario.name}' has an op`);
  }
  return scenario as Scenario;
}
