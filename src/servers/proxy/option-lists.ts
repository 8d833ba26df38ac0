/** Options that are lists of others, or others by name. */
import { checkObject, kindOf } from '../../base/arguments.js';
import type { Option } from '../../base/options.js';

/** A list, each element of which is checked by a row of a table; one that is left out is empty. */
export function listOf<Given, Value>(row: Option<Given, Value>): Option<readonly Given[], readonly Value[]> {
  return (name, given = []) => {
    if (!Array.isArray(given)) throw new TypeError(`${name}: ${kindOf(given)}; allowed: a list`);
    return given.map((element: Given, index) => row(`${name}[${index}]`, element));
  };
}

/** As `listOf`, of at least one. */
export function filledListOf<Given, Value>(row: Option<Given, Value>): Option<readonly Given[], readonly Value[]> {
  const list = listOf(row);
  return (name, given) => {
    const values = list(name, given);
    if (values.length === 0) throw new TypeError(`${name}: empty; allowed: a list of at least one`);
    return values;
  };
}

/** One, or a list of them. */
export function oneOrMore<Given, Value>(row: Option<Given, Value>): Option<Given | readonly Given[], readonly Value[]> {
  const list = listOf(row);
  return (name, given = []) => (Array.isArray(given) ? list(name, given) : [row(name, given as Given)]);
}

/** Options by a name that the caller gives to each. */
export function recordOf<Given, Value>(
  row: Option<Given, Value>,
): Option<Readonly<Record<string, Given>>, ReadonlyMap<string, Value>> {
  return (name, given = {}) => {
    checkObject(name, given);
    return new Map(Object.entries(given).map(([key, each]) => [key, row(`${name}.${key}`, each)]));
  };
}

/** Options that are left out as a whole, or checked by a row. */
export function ifGiven<Given, Value>(row: Option<Given, Value>): Option<Given, Value | undefined> {
  return (name, given) => (given === undefined ? undefined : row(name, given));
}
