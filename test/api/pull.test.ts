import { expect } from 'chai';
import fc from 'fast-check';
import { Pull, PullIterator, type PullSource } from '../../src/api/pull.js';
import { propertyRuns } from '../property-runs.js';

/** Items that are put in by hand. */
class Store implements PullSource<number> {
  readonly pull = new Pull<number>(this);
  readonly items: number[] = [];
  ending: { readonly failure?: Error } | undefined = undefined;
  busy: Error | undefined = undefined;
  /** Whether a call waited, each time that this has changed or may have. */
  readonly waits: boolean[] = [];

  checkFree(): void {
    if (this.busy !== undefined) throw this.busy;
  }

  takeNext(): number | null | undefined {
    if (this.items.length > 0) return this.items.shift();
    if (this.ending?.failure !== undefined) throw this.ending.failure;
    return this.ending && null;
  }

  onWaiting(): void {
    this.waits.push(this.pull.isWaiting);
  }

  put(item: number): void {
    if (this.pull.isWaiting) this.pull.give(item);
    else this.items.push(item);
  }

  end(failure?: Error): void {
    this.ending = { failure };
    this.pull.end(failure);
  }
}

const DONE = { done: true, value: undefined };
const yielded = (value: number) => ({ done: false, value });
const failureOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (failure) {
    return failure;
  }
  throw new Error('it did not fail');
};

describe('the pull side', () => {
  let store: Store;
  beforeEach(() => (store = new Store()));

  it('returns what is there, then waits, and tells its source when', async () => {
    store.put(1);
    expect(await store.pull.next('take')).to.equal(1);
    expect(store.waits).to.deep.equal([]);
    const waiting = store.pull.next('take');
    store.put(2);
    expect(await waiting).to.equal(2);
    expect(store.waits).to.deep.equal([true, false]);
  });

  it('serves calls that wait in their order', async () => {
    const taken = [store.pull.next('take'), store.pull.next('take'), store.pull.next('take')];
    for (const item of [1, 2, 3]) store.put(item);
    expect(await Promise.all(taken)).to.deep.equal([1, 2, 3]);
  });

  it('returns null to all that wait, and to all that follow, when no more items come', async () => {
    const taken = [store.pull.next('take'), store.pull.next('take')];
    store.end();
    expect(await Promise.all(taken)).to.deep.equal([null, null]);
    expect(await store.pull.next('take')).to.equal(null);
  });

  it('hands out what is left before the end', async () => {
    store.put(1);
    store.end();
    expect(await store.pull.next('take')).to.equal(1);
    expect(await store.pull.next('take')).to.equal(null);
  });

  it('fails all that wait, and all that follow, with what ended the source', async () => {
    const failure = new Error('broken');
    const taken = [failureOf(store.pull.next('take')), failureOf(store.pull.next('take'))];
    store.end(failure);
    expect(await Promise.all(taken)).to.deep.equal([failure, failure]);
    expect(await failureOf(store.pull.next('take'))).to.equal(failure);
  });

  it('fails the oldest call alone when refused', async () => {
    const failure = new Error('one that is survived');
    const [first, second] = [failureOf(store.pull.next('take')), store.pull.next('take')];
    store.pull.refuse(failure);
    store.put(1);
    expect(await first).to.equal(failure);
    expect(await second).to.equal(1);
  });

  it('throws in the call if items are taken another way, and fails the step of a loop', async () => {
    const loop = store.pull.iterate();
    store.busy = new Error('there is a handler');
    expect(() => store.pull.next('take')).to.throw('there is a handler');
    expect(() => store.pull.take('take', {})).to.throw('there is a handler');
    expect(await failureOf(loop.next())).to.equal(store.busy);
  });

  it('fails the call, and keeps nobody waiting, if the source can not begin', async () => {
    const failure = new Error('the backend is broken');
    store.onWaiting = () => {
      throw failure;
    };
    expect(await failureOf(store.pull.next('take'))).to.equal(failure);
    expect(store.pull.isWaiting).to.equal(false);
  });

  it('gives an item to its call although the source can not stop', async () => {
    const taken = store.pull.next('take');
    store.onWaiting = () => {
      throw new Error('the backend is broken');
    };
    expect(() => store.put(1)).to.throw('the backend is broken');
    expect(await taken).to.equal(1);
  });

  describe('a call with a signal', () => {
    it('takes no item once it is aborted, and others wait on', async () => {
      const abort = new AbortController();
      const left = failureOf(store.pull.take('take', { signal: abort.signal }));
      const [before, after] = [store.pull.next('take'), store.pull.next('take')];
      await Promise.resolve();
      abort.abort(new Error('no time'));
      expect(((await left) as Error).message).to.equal('no time');
      for (const item of [1, 2]) store.put(item);
      expect(await Promise.all([before, after])).to.deep.equal([1, 2]);
      expect(store.waits).to.deep.equal([true, true, true, true, true, false]);
    });

    it('keeps the item that came before the abort', async () => {
      const abort = new AbortController();
      const taken = store.pull.next('take', { signal: abort.signal });
      store.put(1);
      abort.abort();
      expect(await taken).to.equal(1);
    });
  });

  describe('a loop', () => {
    it('ends with the source', async () => {
      for (const item of [1, 2]) store.put(item);
      store.end();
      const seen: number[] = [];
      for await (const item of { [Symbol.asyncIterator]: () => store.pull.iterate() }) seen.push(item);
      expect(seen).to.deep.equal([1, 2]);
    });

    it('leaves what it has not taken to the next', async () => {
      for (const item of [1, 2]) store.put(item);
      for await (const item of { [Symbol.asyncIterator]: () => store.pull.iterate() }) if (item === 1) break;
      expect(await store.pull.iterate().next()).to.deep.equal(yielded(2));
    });

    it('that is left ends its own waits and those of no other', async () => {
      const [first, second] = [store.pull.iterate(), store.pull.iterate()];
      const waits = [first.next(), second.next(), first.next()];
      expect(await first.return!()).to.deep.equal(DONE);
      store.put(1);
      expect(await Promise.all(waits)).to.deep.equal([DONE, yielded(1), DONE]);
    });

    it('that is left takes nothing more, and tells its owner', async () => {
      let left = 0;
      const loop = store.pull.iterate(() => left++);
      await loop.return!();
      store.put(1);
      expect(await loop.next()).to.deep.equal(DONE);
      expect(store.items).to.deep.equal([1]);
      expect(left).to.equal(1);
    });

    it('goes on after a failure that the source survives', async () => {
      const loop = store.pull.iterate();
      const failed = failureOf(loop.next());
      store.pull.refuse(new Error('survived'));
      expect(((await failed) as Error).message).to.equal('survived');
      store.put(1);
      expect(await loop.next()).to.deep.equal(yielded(1));
    });

    it('that is thrown into is left, and throws that', async () => {
      const loop = store.pull.iterate();
      const waiting = loop.next();
      const failure = new Error('of the loop');
      expect(await failureOf(loop.throw!(failure))).to.equal(failure);
      expect(await waiting).to.deep.equal(DONE);
    });

    it('gets what is made of an item, or the failure of making it', async () => {
      const loop = new PullIterator(store.pull, item => 10 / item);
      store.put(5);
      expect(await loop.next()).to.deep.equal(yielded(2));
      const failing = new PullIterator(store.pull, () => JSON.parse('{') as string);
      store.put(5);
      expect(await failureOf(failing.next())).to.be.instanceOf(SyntaxError);
    });
  });

  it('loses, doubles and reorders no item, whatever comes together', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('next' as const), loop: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), loop: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const tried = new Store();
        const loops = [0, 1, 2].map(() => tried.pull.iterate());
        const aborts: AbortController[] = [];
        // Each call that got an item, in the order of the calls.
        const calls: Promise<number | undefined>[] = [];
        let items = 0;
        for (const each of steps) {
          if (each.do === 'put') tried.put(items++);
          if (each.do === 'next') calls.push(loops[each.loop].next().then(({ value }) => value as number | undefined));
          if (each.do === 'take') {
            const abort = new AbortController();
            aborts.push(abort);
            const taken = tried.pull.next('take', { signal: abort.signal });
            calls.push(
              taken.then(
                item => item!,
                () => undefined,
              ),
            );
          }
          if (each.do === 'abort') aborts[each.which]?.abort();
          if (each.do === 'leave') void loops[each.loop].return!();
          if (each.do === 'turn') await new Promise(setImmediate);
        }
        const wasWaiting = tried.pull.isWaiting;
        tried.pull.end();
        const taken = (await Promise.all(calls)).filter(item => item !== undefined && item !== null);
        const all = Array.from({ length: items }, (_, item) => item);
        expect([...taken, ...tried.items]).to.deep.equal(all);
        expect(wasWaiting && tried.items.length > 0).to.equal(false);
      }),
      propertyRuns(300),
    );
  });
});
