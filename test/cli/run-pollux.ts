/** Runs the command as its users do: as a process of its own. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The tester's own choice of a backend is never inherited. */
  readonly polluxBackend?: string;
  /** `ulimit -n` of the command. */
  readonly openFiles?: number;
  /** Beside the tester's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** NODE_OPTIONS of the command and of the processes that it starts. */
  readonly nodeOptions?: string;
  /** Told of standard error as it comes, all of it so far. */
  readonly onStderr?: (text: string, interrupt: () => void, pid: number) => void;
}

/**
 * Ends a flood once both sides hold that many connections, which its progress says: how long that takes is the machine's
 * affair. For runs without `--duration`, which end by themselves five seconds later at most.
 */
export function untilHeld(connections: number): NonNullable<RunOptions['onStderr']> {
  const isHeld = new RegExp(` ${connections} connections `);
  let isOver = false;
  return (text, interrupt) => {
    if (isOver || !isHeld.test(text)) return;
    isOver = true;
    interrupt();
  };
}

export function runPollux(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { polluxBackend, openFiles, nodeOptions, onStderr } = options;
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  delete env.POLLUX_BACKEND;
  if (polluxBackend !== undefined) env.POLLUX_BACKEND = polluxBackend;
  if (nodeOptions !== undefined) env.NODE_OPTIONS = nodeOptions;
  const line = [process.execPath, command, ...args];
  // The shell is gone once it has set the limit: `exec` makes way, so a signal reaches the command itself.
  const [file, ...rest] =
    openFiles === undefined ? line : ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...line];
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr?.(stderr, () => child.kill('SIGINT'), child.pid!);
    });
    child.on('error', reject);
    child.on('close', status => resolve({ status, stdout, stderr }));
  });
}
