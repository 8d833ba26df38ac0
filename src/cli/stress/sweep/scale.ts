/** Where numbers lie on an axis, and which of them are written there. */

export interface Scale {
  /** From the beginning of the axis (0) to its end (1). */
  at(value: number): number;
  readonly ticks: readonly number[];
}

const TICKS = 5;

/** An axis from 0, in steps of 1, 2 or 5 times a power of ten. @param most above 0. */
export function linearScale(most: number): Scale {
  const rough = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(candidate => candidate >= rough * 0.999)!;
  const count = Math.ceil((most / step) * 0.999);
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  return { at: value => value / (count * step), ticks };
}

/** An axis on which a factor is a distance, with the values themselves as ticks. @param values above 0, ascending. */
export function logScale(values: readonly number[]): Scale {
  const [least, most] = [Math.log(values[0]), Math.log(values[values.length - 1])];
  const at = (value: number) => (most === least ? 0.5 : (Math.log(value) - least) / (most - least));
  return { at, ticks: values };
}
