/** `npm run bench -- NAME... [--quick] [--json FILE]`. docs/benchmarks.md says how it measures and how to add one. */
import { writeFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { Benchmark, Session, TrialResult } from './harness/benchmark.js';
import { buildStampMs } from './harness/build-stamp.js';
import { loadBenchmarks } from './harness/catalogue.js';
import { killChildren } from './harness/child.js';
import { describeMachine, thisMachine } from './harness/machine.js';
import { reportOf } from './harness/report.js';

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const BAD_USAGE = 2;

interface Options {
  readonly quick?: boolean;
  readonly json?: string;
  readonly list?: boolean;
}

interface Outcome {
  readonly name: string;
  readonly trials: readonly TrialResult[];
  /** What kept it from running to its end. */
  readonly error?: string;
}

function choose(names: readonly string[], all: readonly Benchmark[], command: Command): Benchmark[] {
  const known = all.map(({ name }) => name).join(', ');
  if (names.length === 0) command.error(`error: name at least one benchmark of: ${known}`);
  return names.map(name => {
    const found = all.find(benchmark => benchmark.name === name);
    return found ?? command.error(`error: there is no benchmark '${name}'; there are: ${known}`);
  });
}

async function runOne(benchmark: Benchmark, session: Session): Promise<Outcome> {
  try {
    const trials = await benchmark.run(session);
    for (const trial of trials) console.log(`\n${reportOf(trial)}`);
    return { name: benchmark.name, trials };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`\n${benchmark.name} failed: ${message}`);
    return { name: benchmark.name, trials: [], error: message };
  } finally {
    killChildren();
  }
}

async function run(names: readonly string[], { quick = false, json, list }: Options, command: Command): Promise<void> {
  const all = await loadBenchmarks();
  if (list) {
    for (const { name, summary } of all) console.log(`${name.padEnd(16)} ${summary}`);
    return;
  }
  const chosen = choose(names, all, command);
  const machine = thisMachine();
  console.log(describeMachine(machine));
  if (quick) console.log('Quick: few rounds and short windows, to see that all works; rough figures.');
  const session: Session = { quick, rounds: quick ? QUICK_ROUNDS : ROUNDS, progress: text => console.error(text) };
  const built = buildStampMs();
  const outcomes: Outcome[] = [];
  for (const benchmark of chosen) outcomes.push(await runOne(benchmark, session));
  const rebuilt = buildStampMs() !== built;
  if (rebuilt) console.error('\nThe build changed during the run: these figures mix two programs. Measure again.');
  if (json !== undefined) {
    writeFileSync(
      json,
      `${JSON.stringify({ date: new Date().toISOString(), machine, quick, rebuilt, benchmarks: outcomes }, null, 2)}\n`,
    );
  }
  if (outcomes.some(({ error }) => error !== undefined)) process.exitCode = 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killChildren();
    process.exit(1);
  });
}
process.once('exit', killChildren);

const command = new Command('bench')
  .description('Measures Pollux and its peers in turn. Targets are reported, not enforced: exit 0 means that all ran.')
  .argument('[name...]', 'benchmarks to run')
  .option('--quick', `${QUICK_ROUNDS} rounds and short windows instead of ${ROUNDS} rounds`)
  .option('--json <file>', 'also write every sample as JSON')
  .option('--list', 'name the benchmarks and what they measure')
  .exitOverride()
  .action(run);
try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : BAD_USAGE;
}
