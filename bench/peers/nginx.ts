import { spawnSync } from 'node:child_process';
import type { Peer } from '../harness/peer.js';

/** nginx: the file that POLLUX_BENCH_NGINX names, otherwise `nginx` on the PATH or where Debian puts it. */
export function findNginx(): Peer {
  const name = 'nginx';
  const named = process.env.POLLUX_BENCH_NGINX;
  for (const command of named === undefined ? ['nginx', '/usr/sbin/nginx'] : [named]) {
    const { error, status, stderr } = spawnSync(command, ['-v'], { encoding: 'utf8' });
    if (error || status !== 0) continue;
    return { name, version: stderr.trim().replace(/^.*nginx\//, ''), command: [command] };
  }
  return { name, missing: 'not installed (apt-get install nginx-light, or POLLUX_BENCH_NGINX=path)' };
}
