// Mutation testing, area by area (stryker.config.js has the table). Without areas all of them run, which takes an hour or more.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { areas } from '../../stryker.config.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string', default: '1' }, concurrency: { type: 'string', default: '1' } },
});
const unknown = positionals.filter(area => !(area in areas));
if (unknown.length > 0) {
  process.stderr.write(`unknown area: ${unknown.join(', ')}; allowed: ${Object.keys(areas).join(', ')}\n`);
  process.exit(2);
}

for (const area of positionals.length > 0 ? positionals : Object.keys(areas)) {
  process.stdout.write(`\n${area}\n`);
  const { status } = spawnSync('stryker', ['run', '--logLevel', 'warn', '--concurrency', values.concurrency], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      MUTANTS_AREA: area,
      MUTANTS_SAMPLE: values.sample,
      PATH: `${root}node_modules/.bin:${process.env.PATH}`,
    },
  });
  if (status !== 0) process.exit(status ?? 1);
}
