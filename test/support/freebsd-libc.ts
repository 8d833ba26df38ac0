/**
 * Programs that run in a process whose calls FreeBSD's kernel answers, as far as `freebsd-libc.c` plays it. On FreeBSD itself
 * the kernel answers.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { compiled } from './compiled.js';

/** What each program came to: undefined where all went well. */
export type Outcomes = Readonly<Record<string, string | undefined>>;

/** Why there are no programs here; undefined where there are. */
export function lacksFreebsd(): string | undefined {
  if (process.platform === 'freebsd') return undefined;
  // Another C library is found under other names.
  if (process.platform !== 'linux' || !isGlibcUnderNode()) return 'it takes Linux, glibc and Node to play FreeBSD';
  return library().reason;
}

/** Runs every program that a module exports as `programs`, in one process: here another one, on FreeBSD this. */
export async function runOnFreebsd(module: string): Promise<Outcomes> {
  const url = pathToFileURL(resolve('dist', 'test', module)).href;
  return process.platform === 'freebsd' ? runHere(url) : runPlayed(url);
}

async function runHere(url: string): Promise<Outcomes> {
  const { programs } = (await import(url)) as { programs: Record<string, () => Promise<void>> };
  const outcomes: Record<string, string | undefined> = {};
  for (const [title, program] of Object.entries(programs)) {
    outcomes[title] = await program().then(
      () => undefined,
      (error: Error) => error.stack,
    );
  }
  return outcomes;
}

function runPlayed(url: string): Promise<Outcomes> {
  const entry = `
    const { programs } = await import('${url}');
    const outcomes = {};
    for (const [title, program] of Object.entries(programs)) {
      outcomes[title] = await program().then(() => undefined, error => error.stack);
    }
    console.log(JSON.stringify(outcomes));
  `;
  const env = { ...process.env, LD_PRELOAD: library().program };
  return new Promise((fulfil, reject) => {
    const args = ['--input-type=module', '-e', entry];
    execFile(process.execPath, args, { env, timeout: 50_000 }, (error, stdout, stderr) => {
      if (error === null) fulfil(JSON.parse(stdout) as Outcomes);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

function library() {
  return compiled(resolve('test', 'support', 'freebsd-libc.c'), ['-shared', '-fPIC', '-ldl']);
}

function isGlibcUnderNode(): boolean {
  if (process.versions.bun !== undefined) return false;
  return 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;
}
