/** Is what the first call of Pollux had as its context kept alive by the reactor? With --expose-gc. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { watchUser } from 'pollux';

const als = new AsyncLocalStorage<object>();
let kept: WeakRef<object>;

function first(): void {
  const store = { a: 'store' };
  kept = new WeakRef(store);
  als.run(store, () => watchUser(() => {}).close());
}

first();
// The reactor has turns to take from here on.
const watch = watchUser(() => {});
for (let turns = 0; turns < 1000 && kept!.deref() !== undefined; turns++) {
  await new Promise(resolve => setImmediate(resolve));
  (globalThis as { gc?: () => void }).gc!();
}
watch.close();
process.stdout.write(kept!.deref() === undefined ? 'collected' : 'kept');
