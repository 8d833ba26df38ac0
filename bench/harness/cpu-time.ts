/** CPU time of another process, user and system, all its threads. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Child } from './child.js';

/** The unit of /proc/PID/stat; NaN where there is no such thing. */
const ticksPerSecond = existsSync('/proc/self/stat')
  ? Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout ?? NaN)
  : NaN;
const hasProc = ticksPerSecond > 0;

/** Where the figure comes from, for the report. */
export const cpuTimeSource = hasProc
  ? `utime + stime of /proc/PID/stat, in steps of ${1000 / ticksPerSecond} ms`
  : 'what the process itself reports (getrusage)';

/** @returns seconds since it started. Where there is no /proc the child is asked, and must know the word `usage`. */
export async function cpuSecondsOf(child: Child): Promise<number> {
  if (!hasProc) return (await child.ask<{ cpuSeconds: number }>('usage')).cpuSeconds;
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
