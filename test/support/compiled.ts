/** C programs that tests need, compiled on the machine that they run on. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

interface Compiled {
  readonly program?: string;
  /** Why there is none. */
  readonly reason?: string;
}

const programs = new Map<string, Compiled>();

/** Compiles a C program, once for each process. @param flags such as those of a library. */
export function compiled(source: string, flags: readonly string[] = []): Compiled {
  let known = programs.get(source);
  if (known === undefined) {
    const program = path.join(mkdtempSync(path.join(os.tmpdir(), 'pollux-program-')), path.basename(source, '.c'));
    process.once('exit', () => rmSync(path.dirname(program), { recursive: true, force: true }));
    try {
      execFileSync('cc', ['-O1', '-o', program, source, ...flags], { stdio: 'ignore' });
      known = { program };
    } catch {
      known = { reason: 'there is no C compiler' };
    }
    programs.set(source, known);
  }
  return known;
}
