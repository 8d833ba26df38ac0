/** `pollux conformance --record`: what the kernel that this runs on answers to the recorded scenarios. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import type { Command } from 'commander';
import { NativeTarget } from '../../verify/conformance/traces/native/target.js';
import { record } from '../../verify/conformance/traces/recording.js';
import { shippedTraces } from '../../verify/conformance/traces/shipped.js';
import { parseTraces, type Scenario } from '../../verify/conformance/traces/trace.js';
import { arch, kernelRelease } from '../../sys/ffi/platform.js';

const BAD_USAGE = 2;

export interface RecordOptions {
  /** Where to write. */
  readonly record: string;
  /** Where the scenarios are; those of the package if it is not given. */
  readonly replay?: string;
  readonly json?: boolean;
}

function readPrograms(path: string, command: Command): Scenario[] {
  try {
    return parseTraces(readFileSync(path, 'utf8'));
  } catch (error) {
    return command.error(`error: --replay ${path}: ${(error as Error).message}`, { exitCode: BAD_USAGE });
  }
}

/** @throws IoError ENOSYS: this kernel has no kqueue. */
export function runRecord({ record: path, replay, json }: RecordOptions, command: Command): void {
  const programs = replay === undefined ? shippedTraces() : readPrograms(replay, command);
  const system = `${kernelRelease} ${arch}`;
  const { scenarios, skipped } = record(programs, system, () => new NativeTarget());
  writeFileSync(path, scenarios.map(scenario => `${JSON.stringify(scenario)}\n`).join(''));
  if (json) {
    process.stdout.write(`${JSON.stringify({ file: path, system, recorded: scenarios.length, skipped })}\n`);
    return;
  }
  for (const { name, reason } of skipped) process.stdout.write(`left out  ${name}: ${reason}\n`);
  process.stdout.write(`${system}: ${scenarios.length} scenarios in ${path}, ${skipped.length} left out\n`);
}
