/** Plays recorded scenarios and says where the answers differ. */
import { compare, type Difference } from './differences.js';
import type { Answer, TraceTarget } from './target.js';
import type { Scenario, Step } from './trace.js';
import { Unsupported } from './unsupported.js';

export interface ReplayResult {
  readonly name: string;
  readonly area: string;
  readonly about: string;
  readonly outcome: 'same' | 'different' | 'skipped';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly differences: readonly Difference[];
}

/**
 * @param open makes a target for one scenario, with nothing in it.
 * @returns a result a scenario; scenarios that are variants of each other have the best result among them.
 */
export function replay(scenarios: readonly Scenario[], open: (scenario: Scenario) => TraceTarget): ReplayResult[] {
  const results = new Map(scenarios.map(scenario => [scenario.name, replayOne(scenario, open)]));
  return scenarios.map(scenario => {
    const result = results.get(scenario.name)!;
    const agreeing = (scenario.variants ?? []).some(variant => results.get(variant)?.outcome === 'same');
    return agreeing ? { ...result, outcome: 'same' as const, differences: [] } : result;
  });
}

function replayOne(scenario: Scenario, open: (scenario: Scenario) => TraceTarget): ReplayResult {
  const { name, area, about } = scenario;
  const differences: Difference[] = [];
  const target = open(scenario);
  let played = 0;
  try {
    const swappable: { step: Step; index: number; answer: Answer }[] = [];
    for (; played < scenario.steps.length; played++) {
      const step = scenario.steps[played];
      const answer = target.run(step);
      if (step.either === undefined) differences.push(...compare(step, played, answer, target));
      else swappable.push({ step, index: played, answer });
    }
    differences.push(...compareSwappable(swappable, target));
  } catch (error) {
    if (error instanceof Unsupported) {
      return { name, area, about, outcome: 'skipped', reason: error.message, differences: [] };
    }
    // A step that makes no sense, or that would block for ever, is the matter of its scenario and of no other.
    const { op } = scenario.steps[played];
    differences.push({ step: played, op, field: 'failure', recorded: null, answered: (error as Error).message });
  } finally {
    target.close();
  }
  return { name, area, about, outcome: differences.length === 0 ? 'same' : 'different', differences };
}

/** Two threads that waited for the same thing: which of them got it is nobody's promise. */
function compareSwappable(
  played: readonly { step: Step; index: number; answer: Answer }[],
  target: TraceTarget,
): Difference[] {
  const compareAs = (answers: readonly Answer[]) =>
    played.flatMap(({ step, index }, place) => compare(step, index, answers[place], target));
  const answers = played.map(({ answer }) => answer);
  const asPlayed = compareAs(answers);
  return asPlayed.length > 0 && compareAs([...answers].reverse()).length === 0 ? [] : asPlayed;
}
