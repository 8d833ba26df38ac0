/** `pollux stress`: both sides on this machine, one backend after another. */
import process from 'node:process';
import { Interrupt } from './interrupt.js';
import { layOut } from './layout.js';
import { askedOf, conclude, type Output } from './outcome.js';
import type { LoopbackPlan } from './plan.js';
import type { BackendResult } from './result.js';
import { RunLimit } from './run-limit.js';
import { Pair } from './sides/pair.js';
import { CsvFile } from './watching/csv-file.js';

/** @throws Error a file of the results can't be opened. */
export async function stressLoopback(plan: LoopbackPlan, output: Output): Promise<void> {
  const { backends, limitSeconds } = plan;
  const layout = layOut(plan.connections, plan.threads, plan.transport);
  const csv = output.csv === undefined ? undefined : new CsvFile(output.csv);
  const results: BackendResult[] = [];
  let pair: Pair | undefined;
  const interrupt = new Interrupt(() => pair?.stop());
  const kill = () => pair?.kill();
  process.on('exit', kill);
  try {
    for (const backend of backends) {
      if (interrupt.happened) break;
      const running = (pair = new Pair(backend, plan, layout, csv));
      const limit = new RunLimit(limitSeconds, running);
      const result = await running.run();
      limit.clear();
      results.push(limit.happened ? endedBy(limitSeconds, result) : result);
    }
  } finally {
    interrupt.stop();
    process.off('exit', kill);
  }
  const asked = askedOf('both', backends, plan);
  conclude({ asked, limits: layout.limits, results, interrupted: interrupt.happened }, output);
  csv?.close();
}

function endedBy(seconds: number, result: BackendResult): BackendResult {
  const ended = `ended by --limit after ${seconds} s`;
  return { ...result, verdict: result.verdict === 'ok' ? ended : `${ended}; ${result.verdict}` };
}
