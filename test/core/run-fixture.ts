/** Runs a program of test/core/fixtures in a process of its own. */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

/** A program that has not ended by then hangs. */
const DEADLINE_MS = 150_000;

export interface FixtureResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the last line on standard output to the end of the process. */
  readonly lingeredMs: number;
}

/**
 * Runs `fixtures/<name>.js` until it ends, or is killed at its deadline, which the result shows as its signal.
 *
 * @param backend what POLLUX_BACKEND says to it.
 */
export function runFixture(name: string, backend: string, ...parameters: string[]): Promise<FixtureResult> {
  const path = fileURLToPath(new URL(`fixtures/${name}.js`, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...parameters], {
      env: { ...process.env, POLLUX_BACKEND: backend },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let spokenAt = performance.now();
    const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      spokenAt = performance.now();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      clearTimeout(deadline);
      resolve({ exitCode, signal, stdout, stderr, lingeredMs: performance.now() - spokenAt });
    });
  });
}

/** What a program printed as its one line of JSON; it must have ended well. */
export async function fixtureAnswer<T>(name: string, backend: string, ...parameters: string[]): Promise<T> {
  const { exitCode, signal, stdout, stderr } = await runFixture(name, backend, ...parameters);
  if (exitCode !== 0) {
    throw new Error(
      `${name} ${parameters.join(' ')} (${backend}) ended with ${signal ?? exitCode}:\n${stdout}${stderr}`,
    );
  }
  return JSON.parse(stdout) as T;
}
