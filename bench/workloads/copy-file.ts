/** Copies a file to where none is, and says what that took, as one line of JSON: copy-file.js WAY FROM TO */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { copy, open } from 'pollux';

const [, , way, from, to] = process.argv;

/** CPU time of children that have ended: cutime + cstime of /proc/self/stat; 0 where there is no such thing. */
function childCpuSeconds(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const { stdout } = spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' });
    return (Number(fields[13]) + Number(fields[14])) / Number(stdout);
  } catch {
    return 0;
  }
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const ways: Record<string, () => Promise<string>> = {
  async pollux() {
    const [source, target] = [await open(from), await open(to, { flags: 'w' })];
    const { path } = await copy(source, target);
    await Promise.all([source.close(), target.close()]);
    return path;
  },
  async node() {
    await copyFile(from, to);
    return 'fs.copyFile';
  },
  cp() {
    const { status, stderr } = spawnSync('cp', [from, to], { encoding: 'utf8' });
    return status === 0 ? Promise.resolve('cp') : Promise.reject(new Error(stderr));
  },
};

const isChild = way === 'cp';
const cpuBefore = isChild ? childCpuSeconds() : ownCpuSeconds();
const began = performance.now();
const path = await ways[way]();
const seconds = (performance.now() - began) / 1000;
const cpuSeconds = (isChild ? childCpuSeconds() : ownCpuSeconds()) - cpuBefore;
process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds, path })}\n`);
