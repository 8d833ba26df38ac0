/**
 * The async context in which a user's object was made. The object's callbacks run in it, as those of `node:net` do,
 * whatever the reactor did before and whichever code set them: AsyncLocalStorage and async_hooks see that object, and
 * no other.
 *
 * Until Node 22 what a callback changes by `enterWith` is a property of the async resource that it runs in. A scope is
 * such a resource, and serves many callbacks (all connections of a listener share one), so it puts back what a callback
 * changed. Later versions keep the context apart and put it back themselves. Nothing here asks for a version: a scope
 * watches what is written to it, which costs a look at one field where nothing is.
 */
import { AsyncResource, executionAsyncId } from 'node:async_hooks';
import process from 'node:process';
import { nextTick } from '../../base/runtime-functions.js';
import { threadState } from '../../base/thread-state.js';

const { runInAsyncScope } = AsyncResource.prototype;

/** A property of the resource that stands for context, and its value at the beginning of each callback. */
interface Kept {
  readonly key: PropertyKey;
  readonly value: unknown;
}

/** Which scope an exception came out of, until it is thrown again for all to see. */
const origins = threadState('origins of exceptions', () => new WeakMap<object, AsyncScope>());

export class AsyncScope extends AsyncResource {
  /**
   * The one without context that was entered last: most callbacks of a program run in the same one, that of its
   * listener.
   */
  private static lastPlain: AsyncScope | undefined = undefined;

  /** What there is of context; undefined while nobody uses any. */
  private kept: Kept[] | undefined;
  private readonly id = this.asyncId();

  /** Takes the context of the call that it is made in. @param kind what async_hooks call the object. */
  constructor(kind: string) {
    super(kind);
    const keys = Reflect.ownKeys(this).filter(
      key => key !== 'kept' && key !== 'id' && !isIdentity(key) && !isFrame(key),
    );
    this.kept = keys.length === 0 ? undefined : keys.map(key => ({ key, value: this.read(key) }));
  }

  /** A scope without any context, whichever code makes it: that of the reactor itself. */
  static empty(kind: string): AsyncScope {
    const scope = new AsyncScope(kind);
    // The frame of later versions, which are the ones that put it back themselves, is among these properties.
    for (const key of Object.getOwnPropertySymbols(scope)) if (!isIdentity(key)) scope.write(key, undefined);
    scope.kept = scope.kept?.map(({ key }) => ({ key, value: undefined }));
    return scope;
  }

  /**
   * The scope for a whole turn: the one without context in which the last callbacks ran, so that callbacks of the same
   * scope need not enter it again. Where there is none, the reactor's own.
   */
  static ofTurn(): AsyncScope {
    const { lastPlain } = AsyncScope;
    return lastPlain?.isPlain ? lastPlain : REACTOR_SCOPE;
  }

  /** It carries nothing and can tell when that changes. A frame is changed without a trace. */
  private get isPlain(): boolean {
    return this.kept === undefined && !HAS_FRAMES;
  }

  /** Calls a user's function in this scope. Whatever it throws comes out. */
  run<Arguments extends unknown[], Result>(
    callback: (...args: Arguments) => Result,
    self: unknown,
    ...args: Arguments
  ): Result {
    try {
      if (this.isPlain) {
        if (executionAsyncId() === this.id) return callback.apply(self, args);
        AsyncScope.lastPlain = this;
      }
      return runInAsyncScope.call(this, callback as (...args: unknown[]) => unknown, self, ...args) as Result;
    } catch (error) {
      if (typeof error === 'object' && error !== null) origins.set(error, this);
      throw error;
    } finally {
      if (this.kept !== undefined) this.restore(this.kept);
    }
  }

  private restore(kept: Kept[]): void {
    for (const { key, value } of kept) if (this.read(key) !== value) this.write(key, value);
  }

  /** A property is written that was never there: somebody begins to use context. */
  private learn(key: PropertyKey): void {
    this.kept = [...(this.kept ?? []), { key, value: undefined }];
  }

  private read(key: PropertyKey): unknown {
    return (this as Record<PropertyKey, unknown>)[key];
  }

  private write(key: PropertyKey, value: unknown): void {
    (this as Record<PropertyKey, unknown>)[key] = value;
  }

  static {
    // Writing a property that an object lacks asks its prototypes: this is how a scope learns of new ones, at no other
    // cost.
    const watched = new Proxy(AsyncResource.prototype, {
      set(_target, key, value: unknown, scope: AsyncScope) {
        Object.defineProperty(scope, key, { value, writable: true, enumerable: true, configurable: true });
        // While it is being made, what is written is what it begins with.
        if (Object.hasOwn(scope, 'kept')) scope.learn(key);
        return true;
      },
    });
    Object.setPrototypeOf(AsyncScope.prototype, watched);
  }
}

/** The numbers by which async_hooks know a resource, and its mark for the collector: they never change. */
function isIdentity(key: PropertyKey): boolean {
  return isNamed(key, ['async_id_symbol', 'trigger_async_id_symbol', 'destroyed']);
}

/** The context of later versions, which put it back themselves. */
function isFrame(key: PropertyKey): boolean {
  return isNamed(key, ['context_frame']);
}

function isNamed(key: PropertyKey, names: readonly string[]): boolean {
  return typeof key === 'symbol' && names.includes(key.description!);
}

const HAS_FRAMES = Reflect.ownKeys(new AsyncResource('POLLUX_PROBE')).some(isFrame);

/** The reactor's own: nothing of the call that happened to start it is seen, or kept alive, by its turns. */
export const REACTOR_SCOPE = AsyncScope.empty('POLLUX_REACTOR');

/**
 * Throws what a callback threw where nothing else depends on it and nobody catches it, as soon as the stack is empty
 * and in the callback's own context: that is what handlers of 'uncaughtException' see.
 */
export function throwUncaught(error: unknown): void {
  const origin = typeof error === 'object' && error !== null ? origins.get(error) : undefined;
  (origin ?? REACTOR_SCOPE).run(nextTick, process, throwNow, error);
}

function throwNow(error: unknown): never {
  throw error;
}
