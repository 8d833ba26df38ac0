/**
 * Tables of options: what each option may be, and what it is if it is left out.
 *
 *     const OPTIONS = { port: integer(0, 65_535, 0), host: anything<string>() } satisfies OptionTable<ListenOptions>;
 *     const { port, host } = valuesOf(OPTIONS, options);
 *
 * The interface has the words for the user's editor, the table has the checks and the defaults. The compiler refuses
 * an option that only one of the two has, and a default or a check of another type.
 */
import {
  checkBoolean,
  checkDelay,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkRate,
  checkSignal,
  kindOf,
  shown,
} from './arguments.js';
import { described, objectSchema, withDefault, type Described } from './option-schema.js';

/**
 * A row of a table: the value of an option.
 *
 * @throws TypeError, RangeError: they name it, what was given and what is allowed.
 */
export interface Option<Given, Value = Given | undefined> extends Described {
  (name: string, given: Given | undefined): Value;
}

/** A row for each option of an interface. */
export type OptionTable<Options> = {
  readonly [Name in keyof Options]-?: Option<Exclude<Options[Name], undefined>, unknown>;
};

/** What a table makes of the options that were given. */
export type OptionValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends (name: string, given: never) => infer Value ? Value : never;
};

type Rows = Readonly<Record<string, Option<never, unknown>>>;
type Check<Given> = (name: string, given: Given) => void;

/** An option that may be left out. */
export function optional<Given, Initial extends Given | undefined = undefined>(
  check: Check<Given>,
  initial?: Initial,
): Option<Given, Given | Initial> {
  return (name, given) => {
    if (given === undefined) return initial as Initial;
    check(name, given);
    return given;
  };
}

/** An option that may not. */
export function required<Given>(check: Check<Given>): Option<Given, Given> {
  const row = (name: string, given: Given | undefined) => {
    check(name, given as Given);
    return given as Given;
  };
  return Object.assign(row, { isRequired: true });
}

export function integer<Initial extends number | undefined = undefined>(
  least: number,
  most: number,
  initial?: Initial,
): Option<number, number | Initial> {
  const row = optional((name, given: number) => checkInteger(name, given, least, most), initial);
  return described(row, withDefault({ type: 'integer', minimum: least, maximum: most }, initial));
}

/** A number of bytes, or Infinity for no bound. */
export function bytesAtMost<Initial extends number | undefined = undefined>(
  allowed: 'all' | 'no limit',
  initial?: Initial,
): Option<number, number | Initial> {
  const row = optional((name, given: number) => {
    if (given === Infinity || (Number.isSafeInteger(given) && given >= 0)) return;
    throw new RangeError(`${name}: ${shown(given)}; allowed: integers from 0, Infinity for ${allowed}`);
  }, initial);
  return described(row, withDefault({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, initial));
}

export function bytesPerSecond(): Option<number, number> {
  return described(optional(checkRate, Infinity), { type: 'number', exclusiveMinimum: 0 });
}

export function milliseconds<Initial extends number | undefined = undefined>(
  initial?: Initial,
): Option<number, number | Initial> {
  return described(optional(checkDelay, initial), withDefault({ type: 'number', minimum: 0 }, initial));
}

export function boolean<Initial extends boolean | undefined = undefined>(
  initial?: Initial,
): Option<boolean, boolean | Initial> {
  return described(optional<boolean, Initial>(checkBoolean, initial), withDefault({ type: 'boolean' }, initial));
}

export function oneOf<Name extends string, Initial extends Name | undefined = undefined>(
  names: readonly Name[],
  initial?: Initial,
): Option<Name, Name | Initial> {
  const row = optional((name, given: Name) => checkOneOf(name, given, names), initial);
  return described(row, withDefault({ enum: names }, initial));
}

/** Some text, which is not empty. @param what it is, for messages. */
export function text(what = 'some text'): Option<string> {
  return described(
    optional((name, given: string) => checkText(name, given, what)),
    { type: 'string', minLength: 1 },
  );
}

/** As `text`, and it may not be left out. */
export function requiredText(what = 'some text'): Option<string, string> {
  return described(
    required((name, given: string) => checkText(name, given, what)),
    { type: 'string', minLength: 1 },
  );
}

/** @throws TypeError */
function checkText(name: string, given: string, what: string): void {
  if (typeof given === 'string' && given !== '') return;
  throw new TypeError(`${name}: ${given === '' ? 'empty' : kindOf(given)}; allowed: ${what}`);
}

export function abortSignal(): Option<AbortSignal> {
  return optional((_, given: AbortSignal) => checkSignal(given));
}

export function callback<Given extends (...args: never[]) => unknown>(): Option<Given> {
  return optional<Given>(checkFunction);
}

/** An option that is checked where it is used. */
export function anything<Given>(): Option<Given> {
  return (_, given) => given;
}

/** Options within an option. */
export function nested<Table extends object>(table: Table): Option<GivenOptions<Table>, OptionValues<Table>> {
  const row = (name: string, given: GivenOptions<Table> | undefined = {}) => {
    checkNames(table, given, name);
    return read(table, given, `${name}.`);
  };
  return described(row, () => objectSchema(table));
}

type GivenOptions<Table> = {
  readonly [Name in keyof Table]?: Table[Name] extends Option<infer Given, unknown> ? Given : never;
};

/**
 * The options of a call: each as it was given, or its default.
 *
 * @param argument what the function calls them.
 * @throws TypeError no object, a name that is no option: it is misspelt, and would be ignored, which in `beneath` is
 *   a hole.
 * @throws TypeError, RangeError an option that makes no sense.
 */
export function valuesOf<Table extends object>(
  table: Table,
  options: object,
  argument = 'options',
): OptionValues<Table> {
  checkNames(table, options, argument);
  return read(table, options, '');
}

/** As `valuesOf`, for a caller that reads them itself: allocates nothing when all is right. */
export function checkOptions(table: object, options: object, argument = 'options'): void {
  checkNames(table, options, argument);
  const rows = table as Rows;
  for (const name in options) rows[name](name, (options as Record<string, never>)[name]);
}

function checkNames(table: object, options: object, argument: string): void {
  checkObject(argument, options);
  // What they inherit is read too, so it is checked too.
  for (const name in options) {
    if (Object.hasOwn(table, name)) continue;
    throw new TypeError(`${argument}: '${name}' is no option; allowed: ${Object.keys(table).sort().join(', ')}`);
  }
}

function read<Table extends object>(table: Table, options: object, prefix: string): OptionValues<Table> {
  const rows = table as Rows;
  const values: Record<string, unknown> = {};
  for (const name in rows) values[name] = rows[name](prefix + name, (options as Record<string, never>)[name]);
  return values as OptionValues<Table>;
}
