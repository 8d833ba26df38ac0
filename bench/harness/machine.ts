/** What the figures were measured on; without it they mean nothing. */
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the minute before the start: above about 0.3 somebody else was at work here. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  const cores = cpus();
  return {
    processor: cores[0]?.model.trim() ?? 'unknown processor',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
    loadBefore: Math.round(loadavg()[0] * 100) / 100,
  };
}

export function describeMachine(machine: Machine): string {
  const { processor, cores, memoryGiB, kernel, node, loadBefore } = machine;
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, Node ${node}, load before ${loadBefore}`;
}
