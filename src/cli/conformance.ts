/** `pollux conformance`: the contract's scenarios on a backend of the running kernel. */
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { differencesDocument } from '../verify/conformance/matrix.js';
import type { BackendGate, ConformanceReport, RowResult } from '../verify/conformance/row.js';
import { runConformance, selectRows } from '../verify/conformance/runner.js';
import { subjectNames } from '../verify/conformance/subject.js';
import { runCompare } from './conformance/compare.js';
import { runRecord } from './conformance/record.js';
import { profileNames, runReplay } from './conformance/replay.js';
import { subjectOf } from './subject.js';

interface Options {
  readonly backend: string;
  readonly only?: string;
  readonly import?: string;
  readonly json?: boolean;
  readonly matrix?: boolean;
  readonly replay?: string;
  readonly record?: string;
  readonly compare?: readonly string[];
  readonly profile: string;
  readonly area?: string;
}

const FAILED = 1;
const BAD_USAGE = 2;

export function conformanceCommand(): Command {
  return new Command('conformance')
    .description('run the scenarios of the backend contract on this kernel')
    .option(
      '--backend <name>',
      'the backend to test: of this kernel, or kqueue on a model; auto takes POLLUX_BACKEND or the preferred one',
      'auto',
    )
    .option('--only <text>', 'only rows whose name or theme contains the text')
    .option('--import <module>', 'import a module first that registers a backend; it may export gates')
    .option('--json', 'print one JSON object and nothing else')
    .option('--replay <file>', 'play recorded traces against the model of kqueue, and report every step that differs')
    .option(
      '--record <file>',
      "write what this kernel's kqueue answers to the scenarios of --replay, or to those of the package",
    )
    .option('--compare <recordings...>', 'print where two recordings, or models such as model:freebsd-15, differ')
    .option('--profile <name>', `the system that the model stands for: ${profileNames.join(', ')}`, 'freebsd-14')
    .option('--area <names>', 'with --replay: only scenarios of these areas, with commas between them')
    .option(
      '--matrix',
      'print docs/internals/differences.md, the rows that differ between backends and kernels, and run nothing',
    )
    .addHelpText(
      'after',
      `\nBackends: ${subjectNames().join(', ')}.\nExits 0 if no row failed, 1 if one did, 2 on bad usage. docs/contract.md describes the rows and the JSON.`,
    )
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  if (options.matrix) {
    process.stdout.write(differencesDocument());
    return;
  }
  refuseIdle(command);
  if (options.compare !== undefined) {
    runCompare({ ...options, compare: options.compare }, command);
    return;
  }
  if (options.record !== undefined) {
    runRecord({ ...options, record: options.record }, command);
    return;
  }
  if (options.replay !== undefined) {
    runReplay({ ...options, replay: options.replay }, command);
    return;
  }
  if (options.only !== undefined && selectRows(options.only).length === 0) {
    command.error(`error: --only: no row has '${options.only}' in its name or theme`, { exitCode: BAD_USAGE });
  }
  const gates = options.import === undefined ? [] : await importBackend(options.import, command);
  const { world, factory } = subjectOf(options.backend, command).enter();
  const report = runConformance(factory, {
    world,
    only: options.only,
    gates,
    onResult: options.json ? undefined : result => process.stdout.write(`${line(result)}\n`),
  });
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${summary(report)}\n`);
  process.exitCode = report.failed === 0 ? 0 : FAILED;
}

/** Options that would do nothing beside the others that were given. */
function refuseIdle(command: Command): void {
  const given = (name: string) => command.getOptionValueSource(name) === 'cli';
  const plays = given('replay') || given('record') || given('compare');
  for (const name of ['profile', 'area']) {
    if (given(name) && !given('replay')) command.error(`error: --${name}: only with --replay`, { exitCode: BAD_USAGE });
  }
  for (const name of ['backend', 'only', 'import', 'matrix']) {
    if (given(name) && plays)
      command.error(`error: --${name}: not with --replay, --record or --compare`, { exitCode: BAD_USAGE });
  }
}

/** Runs a module that registers a backend. @returns the gates that it exports. */
async function importBackend(path: string, command: Command): Promise<readonly BackendGate[]> {
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as { gates?: readonly BackendGate[] };
    return module.gates ?? [];
  } catch (error) {
    return command.error(`error: --import ${path}: ${(error as Error).message}`, { exitCode: BAD_USAGE });
  }
}

function line({ status, theme, name, reason }: RowResult): string {
  return `${status}  ${theme}: ${name}${reason === undefined ? '' : `\n      ${reason}`}`;
}

function summary({ backend, kernel, runtime, passed, failed, skipped }: ConformanceReport): string {
  return `${backend} on ${kernel} with ${runtime}: ${passed} passed, ${failed} failed, ${skipped} skipped`;
}
