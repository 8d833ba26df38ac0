/**
 * What an object shows of itself to console.log, to util.format and to JSON.stringify: a few plain values. Otherwise
 * they would walk through the whole reactor, in which everything is connected with everything in circles.
 */

/** Of `util.inspect.custom`. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * At most 7, so that it takes less than 10 lines also where each has a line of its own. What is undefined is not shown.
 */
export type Description = Readonly<Record<string, string | number | boolean | undefined>>;

type Inspect = (value: unknown, options: object) => string;

/**
 * Describes the objects of a class.
 *
 * @param name of the class, for people.
 * @param describe what is known of one, whatever state it is in. It is called by loggers in the midst of anything, so
 *   it does nothing but look.
 */
export function describeBy<T extends object>(name: string, prototype: T, describe: (object: T) => Description): void {
  const inspect = function (this: T, depth: number, options: object, format: Inspect): string {
    const known = knownOf(this, describe);
    if (depth < 0 || Object.keys(known).length === 0) return `[${name}]`;
    // On its own, and not as deep as it lies in another object: it has one level.
    return `${name} ${format(known, { ...options, depth: 0, compact: 3, getters: false })}`;
  };
  const toJSON = function (this: T): Description {
    return { type: name, ...knownOf(this, describe) };
  };
  const isHidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(prototype, INSPECT, { ...isHidden, value: inspect });
  Object.defineProperty(prototype, 'toJSON', { ...isHidden, value: toJSON });
}

/**
 * What `find` finds; undefined where that fails, as an address does of a socket that the kernel has let go of
 * meanwhile.
 */
export function ifKnown<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/** A prototype has none of what its objects have, and nothing that is printed may throw. */
function knownOf<T extends object>(object: T, describe: (object: T) => Description): Description {
  const described = ifKnown(() => describe(object)) ?? {};
  return Object.fromEntries(Object.entries(described).filter(([, value]) => value !== undefined));
}
