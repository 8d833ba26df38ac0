/** A file of 1 GiB copied to another: beside cp and Node's fs.copyFile. */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Comparison, Contender, Sample, Session, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { runTrial } from './harness/trial.js';

const { version } = createRequire(import.meta.url)('pollux/package.json') as { version: string };
const program = fileURLToPath(new URL('workloads/copy-file.js', import.meta.url));
const MIB = 2 ** 20;
const GIB_BYTES = 2 ** 30;
/** What "level" may mean on a machine that does other things too. */
const LEVEL = 1.05;

/** Bytes that nothing can compress or share, in the page cache from the writing. */
function makeSource(path: string, lengthBytes: number): void {
  const block = randomFillSync(Buffer.alloc(4 * MIB));
  const fd = openSync(path, 'w');
  for (let offset = 0; offset < lengthBytes; offset += block.length) {
    block.writeUInt32LE(offset / block.length);
    writeSync(fd, block, 0, block.length, offset);
  }
  closeSync(fd);
}

function cpVersion(): string | undefined {
  const { error, status, stdout } = spawnSync('cp', ['--version'], { encoding: 'utf8' });
  // The cp of a BSD has no version to tell, and refuses the question.
  return error !== undefined ? undefined : status === 0 ? stdout.split('\n')[0] : 'of the system';
}

/** Copies to where no file is, and looks whether all of it came. */
async function measure(way: string, source: string, target: string): Promise<Sample> {
  rmSync(target, { force: true });
  await using child = Child.start(way, [process.execPath, program, way, source, target]);
  const { seconds, cpuSeconds } = await child.next<{ seconds: number; cpuSeconds: number }>();
  const { size } = statSync(source);
  if (statSync(target).size !== size) throw new Error(`${way}: the copy has ${statSync(target).size} bytes of ${size}`);
  rmSync(target);
  const perGib = GIB_BYTES / size;
  return { seconds: seconds * perGib, cpuSeconds: cpuSeconds * perGib };
}

function trialOf(source: string, target: string, lengthBytes: number): Trial {
  const contender = (name: string, way: string, of: string): Contender => ({
    name,
    version: of,
    measure: () => measure(way, source, target),
  });
  const cp = cpVersion();
  const against = (peer: string, figure: string, atMost?: number): Comparison => ({
    of: { contender: 'pollux', figure },
    against: { contender: peer, figure },
    atMost,
  });
  return {
    title: `copy, a file of ${lengthBytes / MIB} MiB to another`,
    method:
      `From ${tmpdir()} to ${tmpdir()}; the source is in the page cache, the target is a new file, and nobody waits for ` +
      'the disk to have it. The time from opening to closing, without the start of Node; of cp with its own start. CPU ' +
      'time is that of all threads, or of cp as the system counts children.',
    figures: [
      { key: 'seconds', title: 's/GiB', digits: 3 },
      { key: 'cpuSeconds', title: 'CPU s/GiB', digits: 3 },
    ],
    contenders: [
      contender('pollux', 'pollux', version),
      cp === undefined ? { name: 'cp', missing: 'not installed' } : contender('cp', 'cp', cp),
      contender('fs.copyFile', 'node', process.version),
    ],
    comparisons: [
      against('cp', 'seconds', LEVEL),
      against('fs.copyFile', 'seconds', LEVEL),
      against('cp', 'cpuSeconds'),
      against('fs.copyFile', 'cpuSeconds'),
    ],
  };
}

async function run(session: Session) {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-copy-'));
  try {
    const lengthBytes = session.quick ? 128 * MIB : GIB_BYTES;
    const source = join(directory, 'source');
    makeSource(source, lengthBytes);
    return [await runTrial(trialOf(source, join(directory, 'target'), lengthBytes), session)];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  name: 'copy',
  summary: 'copying a file of 1 GiB; beside cp and fs.copyFile',
  run,
};
