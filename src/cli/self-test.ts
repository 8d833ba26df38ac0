/** `pollux self-test`: whether Pollux works on this machine, with nothing but the built package and the runtime. */
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { backendFactory, probeBackends } from '../backends/registry.js';
import { arch, kernelRelease, runtime } from '../sys/ffi/platform.js';
import { areaNames, areasText, isPerBackend } from './self-test/areas.js';
import type { PartPlan } from './self-test/part-process.js';
import { runParts } from './self-test/parts.js';
import { Progress } from './self-test/progress.js';
import { reportText } from './self-test/rendering.js';
import { partReport, verdictOf, type PartReport, type SelfTestReport } from './self-test/report.js';
import { version } from './version.js';

interface Options {
  readonly area: readonly string[];
  readonly backend?: string;
  readonly import?: string;
  readonly timeout: number;
  readonly bail?: boolean;
  readonly json?: boolean;
}

const FAILED = 1;
const BAD_USAGE = 2;
const DEFAULT_LIMIT_SECONDS = 30;
const MOST_LIMIT_SECONDS = 3_600;

export function selfTestCommand(): Command {
  return new Command('self-test')
    .description('find out whether Pollux works on this machine, on every backend and through every door')
    .option('--area <names>', 'this area alone; several with commas, or by several options', collectAreas, [])
    .option('--backend <name>', 'this backend alone; by default all that run here')
    .option('--import <module>', 'import a module first that registers the backend')
    .option('--timeout <seconds>', 'how long a check may take before it is ended', parseLimit, DEFAULT_LIMIT_SECONDS)
    .option('--bail', 'end with the first check that fails')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText(
      'after',
      `\nAreas:\n${areasText()}\n\nExits 0 if no check failed, 1 if one did, 2 on bad usage. docs/cli.md describes the JSON.`,
    )
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const plans = await plansOf(options, command);
  const missing = options.backend === undefined ? missingBackends(options.area) : [];
  const begunMs = performance.now();
  const progress = new Progress(plans);
  const parts = await runParts(plans, progress);
  progress.end();
  const report = reportOf([...parts, ...missing], performance.now() - begunMs);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : reportText(report));
  process.exitCode = report.failed === 0 ? 0 : FAILED;
}

/** Backends that do not run here, and why. */
function missingBackends(areas: readonly string[]): PartReport[] {
  const area = 'conformance';
  if (areas.length > 0 && !areas.includes(area)) return [];
  return probeBackends()
    .filter(({ probe }) => !probe.available)
    .map(({ name: backend, probe: { reason } }) => {
      const check = { name: 'the backend runs here', status: 'skip' as const, reason, durationMs: 0 };
      return partReport({ area, backend, durationMs: 0, checks: [check] });
    });
}

function reportOf(parts: readonly PartReport[], durationMs: number): SelfTestReport {
  const sum = (count: (part: PartReport) => number) => parts.reduce((total, part) => total + count(part), 0);
  return {
    pollux: version,
    runtime,
    kernel: kernelRelease,
    arch,
    passed: sum(part => part.passed),
    failed: sum(part => part.failed),
    skipped: sum(part => part.skipped),
    durationMs,
    parts,
    verdict: verdictOf(parts),
  };
}

/** Area by area, each on every backend if it is about backends. */
async function plansOf(options: Options, command: Command): Promise<PartPlan[]> {
  const module = options.import === undefined ? null : await importModule(options.import, command);
  const backends = backendsOf(options, command);
  const common = { module, limitMs: options.timeout * 1000, bails: options.bail === true };
  const areas = options.area.length === 0 ? areaNames : areaNames.filter(name => options.area.includes(name));
  return areas.flatMap(area => {
    const subjects = isPerBackend(area) ? backends : [null];
    return subjects.map(backend => ({ area, backend, ...common }));
  });
}

function backendsOf({ backend }: Options, command: Command): readonly string[] {
  const running = probeBackends().filter(({ probe }) => probe.available);
  if (backend === undefined) return running.map(({ name }) => name);
  try {
    const { available, reason } = backendFactory(backend).probe();
    if (!available) command.error(`error: --backend: '${backend}' does not run here: ${reason}`, { exitCode: FAILED });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    command.error(`error: --backend: ${error.message}`, { exitCode: BAD_USAGE });
  }
  return [backend];
}

/** @returns the URL of the module, which each process loads as well. */
async function importModule(path: string, command: Command): Promise<string> {
  const url = pathToFileURL(resolve(path)).href;
  try {
    await import(url);
  } catch (error) {
    command.error(`error: --import ${path}: ${(error as Error).message}`, { exitCode: BAD_USAGE });
  }
  return url;
}

function collectAreas(text: string, before: readonly string[]): readonly string[] {
  const names = text.split(',');
  for (const name of names) {
    if (!areaNames.includes(name)) {
      throw new InvalidArgumentError(`There is no area '${name}'. Allowed: ${areaNames.join(', ')}.`);
    }
  }
  return [...before, ...names];
}

function parseLimit(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= MOST_LIMIT_SECONDS) return seconds;
  throw new InvalidArgumentError(`Allowed: seconds above 0, up to ${MOST_LIMIT_SECONDS}.`);
}
