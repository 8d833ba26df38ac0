/** Recorded values, some of them loose: a range, or one of several. */

interface LooseValue {
  readonly min?: number;
  readonly max?: number;
  readonly seen?: unknown;
  readonly anyOf?: readonly unknown[];
}

export function isLoose(value: unknown): value is LooseValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('min' in value || 'max' in value || 'anyOf' in value || 'seen' in value)
  );
}

/** Whether an answer agrees with what was recorded. */
export function conforms(recorded: unknown, answer: unknown): boolean {
  if (isLoose(recorded)) {
    if (recorded.anyOf !== undefined) return recorded.anyOf.some(value => conforms(value, answer));
    return typeof answer === 'number' && answer >= (recorded.min ?? -Infinity) && answer <= (recorded.max ?? Infinity);
  }
  if (typeof recorded !== 'object' || recorded === null) return recorded === answer;
  if (typeof answer !== 'object' || answer === null) return false;
  const keys = new Set([...Object.keys(recorded), ...Object.keys(answer)]);
  return [...keys].every(key =>
    conforms((recorded as Record<string, unknown>)[key], (answer as Record<string, unknown>)[key]),
  );
}
