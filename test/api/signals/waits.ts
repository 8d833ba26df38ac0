/** What must hold of every call that takes a signal: a table of calls, and the tests that run each of them. */
import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { failureOf } from '../../support/failures.js';
import { turns } from '../../support/sockets.js';

/** One call that waits, made ready to be called once. */
export interface Wait {
  begin(options: { readonly signal?: AbortSignal }): Promise<unknown>;
  /** Lets what is waited for come, as often as it is called. */
  arrive(): unknown;
  /** What must hold at the end, after `arrive`, of a call that was aborted before it began or while it waited. */
  check(aborted: 'before' | 'while waiting'): unknown;
}

/** One call that closes something, made ready to be called. */
export interface End {
  begin(options?: { readonly signal?: AbortSignal }): Promise<unknown>;
  /** Lets what it waits for come. */
  arrive(): unknown;
  /** Whether it is on its way, or through; left out where nothing tells. */
  hasBegun?(): boolean;
  /** What must hold at the end. */
  check(): unknown;
}

/** What an object says of itself. */
export function stateOf(object: object): string {
  return (JSON.parse(JSON.stringify(object)) as { state: string }).state;
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** @param prepare makes the call ready, for each test anew. */
export function describeWait(name: string, prepare: () => Promise<Wait> | Wait): void {
  describe(`${name}, given a signal`, () => {
    it('aborted before: is rejected with its reason, and nothing has happened', async () => {
      const wait = await prepare();
      const reason = new Error('not wanted');
      expect(await failureOf(wait.begin({ signal: AbortSignal.abort(reason) }))).to.equal(reason);
      await turns();
      await wait.arrive();
      await wait.check('before');
    });

    it('aborted while it waits: is rejected with its reason, nothing is lost and nothing is left', async () => {
      const wait = await prepare();
      const controller = new AbortController();
      const reason = new Error('too slow');
      const failure = failureOf(wait.begin({ signal: controller.signal }));
      await turns();
      expect(listenersOf(controller.signal)).to.equal(1);
      controller.abort(reason);
      expect(await failure).to.equal(reason);
      expect(listenersOf(controller.signal)).to.equal(0);
      await wait.arrive();
      await wait.check('while waiting');
    });

    it('aborted when it is over: nothing changes', async () => {
      const wait = await prepare();
      const controller = new AbortController();
      const outcome = wait.begin({ signal: controller.signal });
      await turns();
      await wait.arrive();
      await outcome;
      expect(listenersOf(controller.signal)).to.equal(0);
      controller.abort();
      await turns();
    });

    it('what is no signal, and an option that there is not, are refused by the promise', async () => {
      const wait = await prepare();
      const noSignal = await failureOf(wait.begin({ signal: {} as never }));
      expect(noSignal).to.be.instanceOf(TypeError);
      expect(noSignal.message).to.equal('signal: Object; allowed: an AbortSignal');
      const misspelt = await failureOf(wait.begin({ singal: AbortSignal.abort() } as never));
      expect(misspelt).to.be.instanceOf(TypeError);
      expect(misspelt.message).to.match(/^options: 'singal' is no option; allowed: .*signal/);
      expect((await failureOf(wait.begin(5_000 as never))).message).to.match(/^options: number; allowed: an object/);
      await wait.arrive();
      await wait.check('before');
    });
  });
}

/** Calls that close something do so whatever becomes of the wait. @param prepare makes the call ready, for each test anew. */
export function describeEnd(name: string, prepare: () => Promise<End> | End): void {
  describe(`${name}, given a signal`, () => {
    it('aborted before: is rejected with its reason, and it ends all the same', async () => {
      const end = await prepare();
      const reason = new Error('no time');
      expect(await failureOf(end.begin({ signal: AbortSignal.abort(reason) }))).to.equal(reason);
      if (end.hasBegun) expect(end.hasBegun()).to.equal(true);
      await end.arrive();
      await end.check();
    });

    it('aborted while it waits: is rejected with its reason, and it ends all the same', async () => {
      const end = await prepare();
      const controller = new AbortController();
      const reason = new Error('no time');
      const failure = failureOf(end.begin({ signal: controller.signal }));
      expect(listenersOf(controller.signal)).to.equal(1);
      controller.abort(reason);
      expect(await failure).to.equal(reason);
      expect(listenersOf(controller.signal)).to.equal(0);
      await end.arrive();
      await end.check();
    });

    it('aborted when it is over: nothing changes', async () => {
      const end = await prepare();
      const controller = new AbortController();
      const over = end.begin({ signal: controller.signal });
      await end.arrive();
      await over;
      expect(listenersOf(controller.signal)).to.equal(0);
      controller.abort();
      await end.check();
    });

    it('what is no signal, and an option that there is not, are refused, and nothing ends', async () => {
      const end = await prepare();
      expect((await failureOf(end.begin({ signal: 5 as never }))).message).to.equal(
        'signal: number; allowed: an AbortSignal',
      );
      expect((await failureOf(end.begin({ singal: undefined } as never))).message).to.match(
        /^options: 'singal' is no option; allowed: .*signal/,
      );
      if (end.hasBegun) expect(end.hasBegun()).to.equal(false);
      const over = end.begin();
      await end.arrive();
      await over;
      await end.check();
    });
  });
}
