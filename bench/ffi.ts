/** What a call into the C library costs: the floor under everything that Pollux does. */
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import type { Benchmark, Sample, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';

const { version } = koffi;
const program = fileURLToPath(new URL('workloads/ffi-calls.js', import.meta.url));

async function measure(): Promise<Sample> {
  await using child = Child.start('koffi', pinning.server([process.execPath, program]));
  return await child.next<Sample>();
}

const trial: Trial = {
  title: 'ffi, nanoseconds a call',
  method:
    'A million calls in a loop, the third time. read(-1, ...) fails at once with EBADF, so it is a system call and the ' +
    'way there; its buffer is given as an address in a number, which is what Pollux does, and as a Uint8Array.',
  figures: [
    { key: 'abs', title: 'abs(-3)', digits: 0 },
    { key: 'readAddress', title: 'read(-1, address)', digits: 0 },
    { key: 'readArray', title: 'read(-1, Uint8Array)', digits: 0 },
    { key: 'errno', title: 'errno()', digits: 0 },
  ],
  contenders: [{ name: 'koffi', version, measure }],
  comparisons: [
    { of: { contender: 'koffi', figure: 'readArray' }, against: { contender: 'koffi', figure: 'readAddress' } },
  ],
};

export const benchmark: Benchmark = {
  name: 'ffi',
  summary: 'nanoseconds of a call into the C library through koffi',
  async run(session) {
    return [await runTrial(trial, session)];
  },
};
