/** The function of an entry: whether the module names it, or has it in what it exports as a whole, as CommonJS does. */
import { checkCallback, kindOf } from '../../base/arguments.js';
import type { CurrentWorker } from './current-worker.js';

/** What an entry may have. */
type Run = (worker: CurrentWorker) => void | Promise<void>;

/**
 * @param module what `import()` answered. @param url of the entry, for errors.
 * @returns the function to call; undefined: the module does all that it does when it is loaded.
 * @throws TypeError `run` is no function; or it exports a function as a whole, of which nobody knows what it is for.
 */
export function entryFunction(module: object, url: string): Run | undefined {
  let exported: unknown = module;
  // A module of CommonJS that was made from one of ES modules has its default export inside the default export.
  for (let depth = 0; depth < 3 && isObject(exported); depth++) {
    if ('run' in exported) {
      const holder = exported as { run: Run | undefined };
      checkCallback('run', holder.run);
      return holder.run && (worker => holder.run!(worker));
    }
    exported = (exported as { default?: unknown }).default;
  }
  if (typeof exported !== 'function') return undefined;
  throw new TypeError(
    `entry: ${url} exports ${kindOf(exported)} as its default, and no \`run\`; allowed: \`export function run(worker)\`, ` +
      `\`export default { run }\`, or a module that exports neither and does its work when it is loaded`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
