/** `pollux stress`: both sides on this machine, one backend after another. */
import process from 'node:process';
import { Interrupt } from './interrupt.js';
import { layOut } from './layout.js';
import { askedOf, conclude } from './outcome.js';
import { Pair } from './sides/pair.js';
import { pushingSeconds, type LoopbackPlan } from './plan.js';
import { Progress } from './progress.js';
import type { BackendResult } from './result.js';

export async function stressLoopback(plan: LoopbackPlan, json: boolean): Promise<void> {
  const { backends } = plan;
  const layout = layOut(plan.connections, plan.threads, false);
  const results: BackendResult[] = [];
  let pair: Pair | undefined;
  const interrupt = new Interrupt(() => pair?.stop());
  const kill = () => pair?.kill();
  process.on('exit', kill);
  try {
    for (const backend of backends) {
      if (interrupt.happened) break;
      const running = (pair = new Pair(backend, plan, layout));
      let progress: Progress | undefined;
      const show = () => (progress = new Progress(backend, pushingSeconds(plan), () => running.progress()));
      results.push(await running.run(show));
      progress?.stop();
    }
  } finally {
    interrupt.stop();
    process.off('exit', kill);
  }
  const asked = askedOf('both', backends, plan);
  conclude({ asked, limits: layout.limits, results, interrupted: interrupt.happened }, json);
}
