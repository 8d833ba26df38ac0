/**
 * What all copies of this package in one thread have in common. A program loads several: package managers keep
 * duplicates, test runners load modules again, in the same realm or in another, and what is bundled has one of its
 * own. Module scope is each copy's; a thread has one loop, one number and one place in its runtime.
 *
 * It hangs on a class of Node, which all realms of a thread share, and no other thread; `globalThis` is each realm's.
 */
import { EventEmitter } from 'node:events';

/** Of this package. State is shared by copies of one version: others may see it otherwise. */
export const VERSION = '0.1.0';

const anchor = EventEmitter as unknown as Record<symbol, unknown>;
const COPY = Symbol.for('pollux copy');

/** This copy, for messages: a user has to find out which one is too many. */
export const thisCopy: { readonly version: string; readonly url: string } = { version: VERSION, url: import.meta.url };

/** Made by the copy that asks first. @param name unique in this package. */
export function threadState<T extends object>(name: string, make: () => T): T {
  const key = Symbol.for(`pollux ${VERSION}: ${name}`);
  return (anchor[key] ??= make()) as T;
}

/** As `threadState`, but for copies of all versions: what lies there never changes its shape. */
export function commonState<T extends object>(name: string, make: () => T): T {
  const key = Symbol.for(`pollux: ${name}`);
  return (anchor[key] ??= make()) as T;
}

/**
 * Has `instanceof` accept the objects that another copy of this version made: they live in the same reactor and have
 * the same fields. Their own name for it would be its name in the bundle.
 */
export function shareAmongCopies(classes: Readonly<Record<string, { readonly prototype: object }>>): void {
  for (const [name, shared] of Object.entries(classes)) {
    const kind = Symbol.for(`pollux ${VERSION}: ${name}`);
    Object.defineProperty(shared.prototype, COPY, { value: thisCopy });
    Object.defineProperty(shared.prototype, kind, { value: true });
    Object.defineProperty(shared, Symbol.hasInstance, {
      value(this: unknown, given: unknown): boolean {
        // The ordinary answer first: V8 compiles it to a look at the object's map. Derived classes inherit this
        // function.
        if (ordinaryHasInstance.call(this as () => void, given)) return true;
        return this === shared && typeof given === 'object' && given !== null && kind in given;
      },
    });
  }
}

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

/** 'another version of Pollux (0.1.0, file:///…)' for an object of one; undefined for all else. */
export function otherVersionOf(value: object): string | undefined {
  const copy = (value as { [COPY]?: typeof thisCopy })[COPY];
  return copy === undefined || copy.version === VERSION ? undefined : `another version of Pollux (${nameOf(copy)})`;
}

/** '0.1.0, file:///…' */
export function nameOf({ version, url }: typeof thisCopy): string {
  return `${version}, ${url}`;
}
