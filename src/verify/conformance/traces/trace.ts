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

/** @throws SyntaxError which line is no scenario, and why. */
export function parseTraces(text: string): Scenario[] {
  const scenarios: Scenario[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    scenarios.push(parseScenario(line, index + 1));
  });
  if (scenarios.length === 0) throw new SyntaxError('no scenario in it');
  const names = new Set<string>();
  for (const { name } of scenarios) {
    if (names.has(name)) throw new SyntaxError(`two scenarios are called '${name}'`);
    names.add(name);
  }
  return scenarios;
}

function parseScenario(line: string, number: number): Scenario {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`line ${number}: no JSON: ${(error as Error).message}`, { cause: error });
  }
  const scenario = parsed as Partial<Scenario> | null;
  if (typeof scenario?.name !== 'string' || typeof scenario.area !== 'string' || !Array.isArray(scenario.steps)) {
    throw new SyntaxError(`line ${number}: a scenario has a name, an area and steps`);
  }
  if (!scenario.steps.every(step => typeof (step as Step | null)?.op === 'string')) {
    throw new SyntaxError(`line ${number}: every step of '${scenario.name}' has an op`);
  }
  return scenario as Scenario;
}
