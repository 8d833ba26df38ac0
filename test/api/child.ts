/** Runs the programs beside this file, each in a process of its own. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly backend?: string;
  /** `ulimit -n` of the process. */
  readonly openFiles?: number;
  /** Flags of Node itself. */
  readonly flags?: readonly string[];
  /** Sent to it at its word 'ready'. */
  readonly signal?: NodeJS.Signals;
}

/** A program that does not end by itself is killed, so that a test fails by what it says and not by its time. */
const PATIENCE_MS = 150_000;

/** @param name of a file in `programs/`, without its extension. */
export function runProgram(name: string, options: ProgramOptions = {}): Promise<Finished> {
  const { args = [], backend, openFiles, flags = [], signal: sent } = options;
  const file = fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));
  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env.POLLUX_BACKEND;
  if (backend !== undefined) env.POLLUX_BACKEND = backend;
  const line = [process.execPath, ...flags, file, ...args];
  // The shell is gone once it has set the limit: `exec` makes way.
  const [command, ...rest] =
    openFiles === undefined ? line : ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...line];
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (sent !== undefined && text.includes('ready')) child.kill(sent);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}
