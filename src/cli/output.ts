/** What becomes of standard output and standard error that can't be written to, in one place for the whole command. */
import { writeSync } from 'node:fs';
import process from 'node:process';

const FAILED = 1;
const STDERR = 2;

/**
 * Call it once, before anything is written.
 *
 * - Standard output whose reader has left (EPIPE): who reads a page of it has seen enough, the command ends.
 * - Standard output that takes nothing for another reason (ENOSPC, EIO): what was asked for is not there. The command
 *   goes on to its end, says why, and exits 1.
 * - Standard error: it has progress and complaints. The result is what was asked for, and still goes out.
 */
export function guardOutput(): void {
  let failure: string | undefined;
  process.stdout.on('error', ({ code = 'EIO' }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit();
    failure ??= code;
  });
  process.stderr.on('error', () => {
    // There is nobody left to tell.
  });
  process.on('exit', () => {
    if (failure === undefined) return;
    process.exitCode ||= FAILED;
    tell(`pollux: standard output can't be written to: ${failure}\n`);
  });
}

/** At the exit nothing is written later. */
function tell(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // Neither of the two takes anything: the exit code says it.
  }
}
