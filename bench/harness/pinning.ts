/** A core for the server and another for the load, so that they don't take turns on one. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Pinning {
  /** For the report. */
  readonly words: string;
  server(command: readonly string[]): readonly string[];
  load(command: readonly string[]): readonly string[];
}

function unpinned(why: string): Pinning {
  return { words: `not pinned to cores: ${why}`, server: command => command, load: command => command };
}

/** The processors that this process may use, which a container may have narrowed. */
function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function choosePinning(): Pinning {
  if (process.platform !== 'linux') return unpinned(`no taskset on ${process.platform}`);
  if (spawnSync('taskset', ['--version']).error) return unpinned('taskset is not installed');
  const cpus = allowedCpus();
  if (cpus.length < 2) return unpinned('only one core to use');
  const loadCpu = cpus[0];
  const serverCpu = cpus[cpus.length - 1];
  return {
    words: `server on core ${serverCpu}, load on core ${loadCpu} (taskset)`,
    // taskset replaces itself by the command, so the process id stays that of the server.
    server: command => ['taskset', '-c', String(serverCpu), ...command],
    load: command => ['taskset', '-c', String(loadCpu), ...command],
  };
}

export const pinning = choosePinning();
