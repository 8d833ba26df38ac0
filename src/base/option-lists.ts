/** Options that are lists of others, or others by name. */
import { checkObject, kindOf } from './arguments.js';
import type { Option } from './options.js';
import { described, schemaOf } from './option-schema.js';

/** A list, each element of which is checked by a row of a table; one that is left out is empty. */
export function listOf<Given, Value>(row: Option<Given, Value>): Option<readonly Given[], readonly Value[]> {
  const list = (name: string, given: readonly Given[] | undefined = []) => {
    if (!Array.isArray(given)) throw new TypeError(`${name}: ${kindOf(given)}; allowed: a list`);
    return given.map((element: Given, index) => row(`${name}[${index}]`, element));
  };
  return described(list, () => ({ type: 'array', items: schemaOf(row) }));
}

/** As `listOf`, of at least one. */
export function filledListOf<Given, Value>(row: Option<Given, Value>): Option<readonly Given[], readonly Value[]> {
  const list = listOf(row);
  const filled = (name: string, given: readonly Given[] | undefined) => {
    const values = list(name, given);
    if (values.length === 0) throw new TypeError(`${name}: empty; allowed: a list of at least one`);
    return values;
  };
  return Object.assign(
    described(filled, () => ({ ...schemaOf(list), minItems: 1 })),
    { isRequired: true },
  );
}

/** One, or a list of them. */
export function oneOrMore<Given, Value>(row: Option<Given, Value>): Option<Given | readonly Given[], readonly Value[]> {
  const list = listOf(row);
  const some = (name: string, given: Given | readonly Given[] | undefined = []) =>
    Array.isArray(given) ? list(name, given) : [row(name, given as Given)];
  return described(some, () => ({ anyOf: [schemaOf(row), schemaOf(list)] }));
}

/** Options by a name that the caller gives to each. */
export function recordOf<Given, Value>(
  row: Option<Given, Value>,
): Option<Readonly<Record<string, Given>>, ReadonlyMap<string, Value>> {
  const record = (name: string, given: Readonly<Record<string, Given>> | undefined = {}) => {
    checkObject(name, given);
    return new Map(Object.entries(given).map(([key, each]) => [key, row(`${name}.${key}`, each)]));
  };
  return described(record, () => ({ type: 'object', additionalProperties: schemaOf(row) }));
}

/** Options that are left out as a whole, or checked by a row. */
export function ifGiven<Given, Value>(row: Option<Given, Value>): Option<Given, Value | undefined> {
  const wanted = (name: string, given: Given | undefined) => (given === undefined ? undefined : row(name, given));
  return row.schema === undefined ? wanted : described(wanted, row.schema);
}
