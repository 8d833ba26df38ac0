/** `pollux stress sweep`: what libiapp was written to find out, as tables and plots. */
import { openSync, closeSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { Command } from 'commander';
import type { BackendFactory, RegistrationMode } from '../../../backends/contract.js';
import { backendFactory } from '../../../backends/registry.js';
import { kernelRelease, runtime } from '../../../sys/ffi/platform.js';
import { version } from '../../version.js';
import { backendOption, parseDuration } from '../options.js';
import { batchCurve } from './batch-sweep.js';
import { modeCurve } from './mode-sweep.js';
import {
  DEFAULT_RATES,
  parseBatches,
  parseRates,
  parseSweeps,
  parseThreadCounts,
  type SweepOptions,
} from './options.js';
import { queueCurves } from './queue-sweep.js';
import { rateCurve } from './rate-sweep.js';
import { renderTable } from './rendering.js';
import { renderSvg } from './svg.js';
import type { Curve, SweepName, SweepTable } from './table.js';

const MODES: readonly RegistrationMode[] = ['level', 'edge', 'oneshot'];
/** An edge is changed as a level is, so one of them will do. */
const CHANGED: readonly RegistrationMode[] = ['level', 'oneshot'];

/** @param choose the names of the backends to measure: the one that was named, or all that run here. */
export function sweepCommand(choose: (options: SweepOptions, command: Command) => readonly string[]): Command {
  return new Command('sweep')
    .description('what changes and events cost: by batch size, by mode, by queues, by their number a second')
    .addOption(backendOption().conflicts('everyBackend'))
    .option('--every-backend', 'curves of all backends that work here')
    .option('--only <names>', 'of batch,mode,queues,rate (default: the first three)', parseSweeps)
    .option(
      '--batch <numbers>',
      'changes or events between two waits, ascending',
      parseBatches,
      [1, 2, 8, 32, 128, 512],
    )
    .option('--threads <numbers>', 'threads of queues, ascending', parseThreadCounts, [1, 2, 4, 8])
    .option(
      '--kevents-per-second <numbers>',
      `the rates of rate, ascending, which is measured too (default: ${DEFAULT_RATES.join(',')})`,
      parseRates,
    )
    .option('--duration <seconds>', 'of each point', parseDuration, 0.3)
    .option('--svg <file>', 'draw the curves into a file')
    .option('--json [file]', 'print one JSON object in place of the tables; with a file: write it there instead')
    .addHelpText(
      'after',
      '\nExits 0 when all was measured, 1 when not, 2 on bad usage. docs/stress.md explains the result.',
    )
    .action((options: SweepOptions, command: Command) => run(options, choose(options, command)));
}

async function run(options: SweepOptions, names: readonly string[]): Promise<void> {
  const { svg, json } = options;
  // Before minutes are spent on what can't be kept.
  for (const path of [svg, json]) if (typeof path === 'string') closeSync(openSync(path, 'a'));
  const factories = names.map(backendFactory);
  const tables: SweepTable[] = [];
  for (const sweep of sweepsOf(options)) {
    const table = await measure(sweep, factories, options);
    tables.push(table);
    if (json !== true) process.stdout.write(`${renderTable(table)}\n\n`);
  }
  const report = { pollux: version, runtime, kernel: kernelRelease, durationSeconds: options.duration, tables };
  const text = `${JSON.stringify(report)}\n`;
  if (json === true) process.stdout.write(text);
  else if (json !== undefined) writeFileSync(json as string, text);
  if (svg !== undefined) writeFileSync(svg, renderSvg(tables, `Pollux ${version}, ${runtime}, ${kernelRelease}`));
}

function sweepsOf({ only, keventsPerSecond }: SweepOptions): readonly SweepName[] {
  const sweeps = only ?? ['batch', 'mode', 'queues'];
  return keventsPerSecond === undefined || sweeps.includes('rate') ? sweeps : [...sweeps, 'rate'];
}

async function measure(
  sweep: SweepName,
  factories: readonly BackendFactory[],
  options: SweepOptions,
): Promise<SweepTable> {
  const { batch, threads, keventsPerSecond = DEFAULT_RATES } = options;
  const durationMs = options.duration * 1000;
  switch (sweep) {
    case 'batch':
      return {
        sweep,
        title: 'A change, by batch size',
        x: 'changes between two waits',
        y: 'ns of processor time a change',
        curves: curvesOf(factories, CHANGED, (factory, mode) => batchCurve(factory, mode, batch, durationMs)),
      };
    case 'mode':
      return {
        sweep,
        title: 'An event, oneshot and persistent',
        x: 'events of one wait',
        y: 'ns of processor time an event, with the write and the read',
        curves: curvesOf(factories, MODES, (factory, mode) => modeCurve(factory, mode, batch, durationMs)),
      };
    case 'queues':
      return {
        sweep,
        title: 'Threads on one queue, and on a queue each',
        x: 'threads',
        y: 'ns of processor time an event, armed again',
        curves: await queueCurves(threads, durationMs),
      };
    case 'rate': {
      const curves: Curve[] = [];
      for (const [factory, mode] of pairs(factories, CHANGED)) {
        curves.push(await rateCurve(factory, mode, keventsPerSecond, durationMs));
      }
      const y = 'percent of one processor';
      return { sweep, title: 'So many kevents a second', x: 'kevents a second: changes and events', y, curves };
    }
  }
}

function curvesOf(
  factories: readonly BackendFactory[],
  modes: readonly RegistrationMode[],
  curve: (factory: BackendFactory, mode: RegistrationMode) => Curve,
): Curve[] {
  return pairs(factories, modes).map(([factory, mode]) => curve(factory, mode));
}

/** Each backend with the modes that it has. */
function pairs(
  factories: readonly BackendFactory[],
  modes: readonly RegistrationMode[],
): (readonly [BackendFactory, RegistrationMode])[] {
  return factories.flatMap(factory => {
    const backend = factory.open({ maxEvents: 1 });
    backend.close();
    return modes.filter(mode => backend.modes.includes(mode)).map(mode => [factory, mode] as const);
  });
}
