import { spawnSync } from 'node:child_process';
import type { Peer } from '../harness/peer.js';

/** HAProxy: the file that POLLUX_BENCH_HAPROXY names, otherwise `haproxy` on the PATH or where Debian puts it. */
export function findHaproxy(): Peer {
  const name = 'haproxy';
  const named = process.env.POLLUX_BENCH_HAPROXY;
  for (const command of named === undefined ? ['haproxy', '/usr/sbin/haproxy'] : [named]) {
    const { error, status, stdout } = spawnSync(command, ['-v'], { encoding: 'utf8' });
    if (error || status !== 0) continue;
    return { name, version: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown', command: [command] };
  }
  return { name, missing: 'not installed (apt-get install haproxy, or POLLUX_BENCH_HAPROXY=path)' };
}
