/** `pollux conformance --record`: what the kernel that this runs on answers to the recorded scenarios. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { NativeTarget } from '../../verify/conformance/traces/native/target.js';
import { record } from '../../verify/conformance/traces/recording.js';
import { shippedTraces } from '../../verify/conformance/traces/shipped.js';
import { parseTraces } from '../../verify/conformance/traces/trace.js';
import { arch, kernelRelease } from '../../sys/ffi/platform.js';

export interface RecordOptions {
  /** Where to write. */
  readonly record: string;
  /** Where the scenarios are; those of the package if it is not given. */
  readonly replay?: string;
  readonly json?: boolean;
}

/** @throws IoError ENOSYS: this kernel has no kqueue. */
export function runRecord({ record: path, replay, json }: RecordOptions): void {
  const programs = replay === undefined ? shippedTraces() : parseTraces(readFileSync(replay, 'utf8'));
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
