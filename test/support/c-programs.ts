/** C programs that the lab prints: compiled by cc alone, and run on this kernel or on one that is wrong. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { compiled } from './compiled.js';

const STRICT = ['-Wall', '-Wextra', '-Werror'];
const BSD = path.resolve('test', 'support', 'bsd');

/** Why none can be compiled here; undefined where they can. */
export function lacksCompiler(): string | undefined {
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler';
}

/** A folder for programs, gone with the process. */
export function programFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pollux-c-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @returns the program. @throws Error what the compiler says, warnings included. */
export function compileStrictly(folder: string, name: string, text: string): string {
  const program = path.join(folder, name.replaceAll(/\W/g, '-'));
  writeFileSync(`${program}.c`, text);
  cc([...STRICT, '-o', program, `${program}.c`], text);
  return program;
}

/** Has the compiler look at programs for kqueue, with the documented part of <sys/event.h>. */
export function checkForKqueue(folder: string, texts: readonly string[]): void {
  const files = texts.map((_text, index) => path.join(folder, `kqueue-${index}.c`));
  files.forEach((file, index) => writeFileSync(file, texts[index]));
  cc([...STRICT, '-fsyntax-only', '-I', BSD, ...files], '');
}

/** @param wrong a way in which `wrong-epoll.c` is wrong; undefined: this kernel as it is. */
export function run(program: string, wrong?: string): { readonly status: number | null; readonly stdout: string } {
  const env = wrong === undefined ? process.env : { ...process.env, ...wrongKernel(wrong) };
  return spawnSync(program, { env, encoding: 'utf8', timeout: 50_000 });
}

/** What makes the kernel wrong for a process. */
export function wrongKernel(wrong: string): { readonly LD_PRELOAD: string; readonly WRONG: string } {
  const { program, reason } = compiled(path.resolve('test', 'support', 'wrong-epoll.c'), ['-shared', '-fPIC', '-ldl']);
  if (program === undefined) throw new Error(reason);
  return { LD_PRELOAD: program, WRONG: wrong };
}

function cc(args: readonly string[], text: string): void {
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`cc ${args.join(' ')}\n${stderr}\n${text}`);
}
