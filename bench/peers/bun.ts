import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Peer } from '../harness/peer.js';

/** npm's package of the binary alone; `bun` itself is a script that downloads, which this project does without. */
const npmPackage = `@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;

function candidates(): string[] {
  const named = process.env.POLLUX_BENCH_BUN;
  if (named !== undefined) return [named];
  try {
    const manifest = createRequire(import.meta.url).resolve(`${npmPackage}/package.json`);
    return [manifest.replace(/package\.json$/, 'bin/bun'), 'bun'];
  } catch {
    return ['bun'];
  }
}

/** Bun: the file that POLLUX_BENCH_BUN names; otherwise npm's package in node_modules, then `bun` on the PATH. */
export function findBun(): Peer {
  const name = 'bun';
  for (const command of candidates()) {
    const { error, status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (!error && status === 0) return { name, version: stdout.trim(), command: [command] };
  }
  return { name, missing: `not installed (npm install --no-save ${npmPackage}, or POLLUX_BENCH_BUN=path)` };
}
