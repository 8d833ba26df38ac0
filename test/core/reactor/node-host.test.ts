/** What the host says of Node's loop, against what Node says itself. */
import { expect } from 'chai';
import fc from 'fast-check';
import { NodeHost } from '../../../src/core/reactor/node-host.js';
import { obstacleToNodeLoop, openNodeLoop } from '../../../src/sys/ffi/node-loop.js';
import { propertyRuns } from '../../property-runs.js';

/** Far enough that the loop would sleep for it, and later than Mocha's own. */
const FAR_MS = 50_000;

const step = fc.record({
  /** Where it is asked for: in the turn, in an immediate before it or after it, in a promise, in process.nextTick. */
  from: fc.constantFrom('turn', 'before', 'after', 'promise', 'tick'),
  kind: fc.constantFrom('referenced', 'unreferenced', 'cleared', 'referenced again'),
});

describe("core: what the host knows of Node's immediates", () => {
  before(function () {
    if (obstacleToNodeLoop() !== undefined) this.skip(); // This runtime keeps its loop to itself.
  });

  it('a turn may sleep exactly when no referenced immediate waits', async () => {
    const host = new NodeHost(openNodeLoop()!);
    const timer = setTimeout(() => {}, FAR_MS);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async steps => {
        let made = 0;
        let ran = 0;
        const begin = ({ kind }: { kind: string }) => {
          const immediate = setImmediate(() => ran++);
          if (kind !== 'referenced') immediate.unref();
          if (kind === 'referenced again') immediate.ref();
          if (kind === 'cleared') clearImmediate(immediate);
          else made++;
        };
        const run = (from: string) => steps.filter(each => each.from === from).forEach(begin);
        setImmediate(() => {
          run('before');
          void Promise.resolve().then(() => run('promise'));
          process.nextTick(() => run('tick'));
        });
        const seen = await new Promise<[boolean, boolean]>(resolve => {
          setImmediate(() => {
            run('turn');
            resolve([host.sleepMs(1) === 0, process.getActiveResourcesInfo().includes('Immediate')]);
          });
          // Waits with the turn, in the same round of the loop.
          run('after');
        });
        expect(seen[0]).to.equal(seen[1]);
        while (ran < made) await new Promise(resolve => setImmediate(resolve));
      }),
      propertyRuns(100),
    );
    clearTimeout(timer);
  });

  it('a turn after one that had events does not sleep', () => {
    const host = new NodeHost(openNodeLoop()!);
    expect(host.sleepMs(0)).to.equal(0);
  });
});
