/** The C programs of bench/c, compiled when first needed into dist/bench-c, which git ignores. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peer.js';

const checkout = new URL('../../../', import.meta.url);
const compiler = process.env.CC ?? 'cc';

/** When the program, or a header that it may include, last changed. */
function changedMs(source: string): number {
  const headers = readdirSync(new URL('bench/c/', checkout)).filter(file => file.endsWith('.h'));
  const files = [source, ...headers.map(file => fileURLToPath(new URL(`bench/c/${file}`, checkout)))];
  return Math.max(...files.map(file => statSync(file).mtimeMs));
}

function compilerVersion(): string | undefined {
  const { error, status, stdout } = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
  return error || status !== 0 ? undefined : stdout.split('\n')[0];
}

/**
 * Compiles bench/c/`program`.c with `cc -O2` (or $CC) unless that was done since it last changed.
 *
 * @throws Error what the compiler said, if it refused the program.
 */
export function findCProgram(name: string, program: string): Peer {
  const version = compilerVersion();
  if (version === undefined) return { name, missing: `not installed (needs a C compiler: no '${compiler}')` };
  const source = fileURLToPath(new URL(`bench/c/${program}.c`, checkout));
  const directory = fileURLToPath(new URL('dist/bench-c/', checkout));
  const binary = `${directory}${program}`;
  if (!existsSync(binary) || statSync(binary).mtimeMs < changedMs(source)) {
    mkdirSync(directory, { recursive: true });
    const { status, stderr } = spawnSync(compiler, ['-O2', '-Wall', '-o', binary, source], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${compiler} refused bench/c/${program}.c:\n${stderr}`);
  }
  return { name, version, command: [binary] };
}

/**
 * A C program without which a benchmark can't run.
 *
 * @returns the command that starts it.
 * @throws Error that there is no compiler.
 */
export function requireCProgram(program: string): readonly string[] {
  const found = findCProgram(program, program);
  if ('missing' in found) throw new Error(`bench/c/${program}.c: ${found.missing}`);
  return found.command;
}
