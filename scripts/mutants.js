// Mutation testing, area by area (stryker.config.js has the table). Without arguments all areas run, which takes an hour or more.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { areas } from '../stryker.config.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const chosen = process.argv.slice(2);
const unknown = chosen.filter(area => !(area in areas));
if (unknown.length > 0) {
  process.stderr.write(`unknown area: ${unknown.join(', ')}; allowed: ${Object.keys(areas).join(', ')}\n`);
  process.exit(2);
}

for (const area of chosen.length > 0 ? chosen : Object.keys(areas)) {
  const { status } = spawnSync('stryker', ['run', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MUTANTS_AREA: area, PATH: `${root}node_modules/.bin:${process.env.PATH}` },
  });
  if (status !== 0) process.exit(status ?? 1);
}
