/** Entry of the processes of `pollux self-test`: the checks of one part, one after another. */
import { writeSync } from 'node:fs';
import process from 'node:process';
import { checksOf } from './areas.js';
import { Inapplicable, type Check, type PartMessage, type PartOrder } from './check.js';

const CHANNEL = 3;
/** Nobody listens any more. */
const ORPHANED = 1;

/** At once, so that what was said last before a hang or a crash is known. */
function say(message: PartMessage): void {
  try {
    writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
  } catch {
    process.exit(ORPHANED);
  }
}

/** What a callback throws, or a promise that nobody holds, fails the check that is running. */
let failCurrent: ((failure: unknown) => void) | undefined;

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (failure: unknown) => {
    if (failCurrent === undefined) throw failure;
    failCurrent(failure);
  });
}

async function attempt(check: Check): Promise<{ status: 'pass' | 'fail' | 'skip'; reason: string | null }> {
  const stray = new Promise<never>((_resolve, reject) => (failCurrent = reject));
  try {
    const told = await Promise.race([check.run(), stray]);
    return { status: 'pass', reason: told ?? null };
  } catch (error) {
    if (error instanceof Inapplicable) return { status: 'skip', reason: error.message };
    return { status: 'fail', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    failCurrent = undefined;
  }
}

const order = JSON.parse(process.argv[2]) as PartOrder;
const checks = await checksOf(order);
say({ say: 'checks', names: checks.map(({ name }) => name) });
for (let index = order.from; index < checks.length; index++) {
  say({ say: 'begin', index });
  const begunMs = performance.now();
  const result = await attempt(checks[index]);
  say({ say: 'end', index, ...result, durationMs: performance.now() - begunMs });
  // What a check that failed has left open is nothing that the next one should begin with.
  if (result.status === 'fail') break;
}
process.exit();
