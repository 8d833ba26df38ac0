/** `pollux stress`: both sides on this machine, one backend after another. */
import process from 'node:process';
import { clipConnections } from './connection-limits.js';
import { Interrupt } from './interrupt.js';
import { conclude } from './outcome.js';
import { Pair } from './pair.js';
import type { LoopbackPlan } from './plan.js';
import { Progress } from './progress.js';
import type { BackendResult } from './result.js';

export async function stressLoopback(plan: LoopbackPlan, json: boolean): Promise<void> {
  const { backends, mode, connections: wanted, rate, sizeBytes, durationSeconds } = plan;
  const { connections, limits } = clipConnections(wanted);
  const results: BackendResult[] = [];
  let pair: Pair | undefined;
  const interrupt = new Interrupt(() => pair?.stop());
  const kill = () => pair?.kill();
  process.on('exit', kill);
  try {
    for (const backend of backends) {
      if (interrupt.happened) break;
      const running = (pair = new Pair(backend, { ...plan, connections }));
      const progress = new Progress(backend, durationSeconds, () => running.progress());
      results.push(await running.run());
      progress.stop();
    }
  } finally {
    interrupt.stop();
    process.off('exit', kill);
  }
  const asked = { sides: 'both' as const, backends, mode, connections: wanted, rate, sizeBytes, durationSeconds };
  conclude({ asked, limits, results, interrupted: interrupt.happened }, json);
}
