/**
 * Child processes that speak in lines of JSON: one unasked when they are ready, then one for every line they are sent.
 * None outlives the harness: each ends when its standard input does, and `killChildren` ends what is left.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readable, Writable } from 'node:stream';

/** Longer than any single step of a benchmark. */
const ANSWER_MS = 120_000;
const FAREWELL_MS = 2_000;
const KEPT_ERROR_CHARS = 4_000;

const living = new Set<Child>();

/** Ends every child that is still there, at once. For the way out, however that is taken. */
export function killChildren(): void {
  for (const child of living) child.kill();
}

export class Child implements AsyncDisposable {
  /** What it wrote to standard error, its last part. */
  private complaints = '';
  private readonly answers: AsyncIterator<string>;
  private readonly gone: Promise<void>;
  private ending = '';

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
  ) {
    living.add(this);
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(-KEPT_ERROR_CHARS);
    });
    // A child that died has closed its input; that it died is told by the answer that doesn't come.
    child.stdin.on('error', error => {
      this.complaints += `${error.message}\n`;
    });
    this.gone = new Promise(resolve => {
      child.once('error', error => {
        this.ending = error.message;
        living.delete(this);
        resolve();
      });
      child.once('close', (code, signal) => {
        this.ending ||= signal ? `ended by ${signal}` : `exit code ${code}`;
        living.delete(this);
        resolve();
      });
    });
  }

  /** Starts `command` and waits for nothing; `next` reads what it says first. */
  static start(name: string, command: readonly string[]): Child {
    const [program, ...args] = command;
    return new Child(name, spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name}: not running (${this.ending})`);
    return this.child.pid;
  }

  /** Its next line. @throws Error it ended, said something else than JSON, or nothing for two minutes. */
  async next<T>(): Promise<T> {
    const stop = new AbortController();
    const silence = delay(ANSWER_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    try {
      const line = await Promise.race([this.answers.next(), silence]);
      if (line === undefined) throw new Error(`${this.name}: no answer for ${ANSWER_MS / 1000} s`);
      if (line.done) {
        await this.gone;
        throw new Error(`${this.name}: ${this.ending}\n${this.complaints}`.trimEnd());
      }
      try {
        return JSON.parse(line.value) as T;
      } catch {
        throw new Error(`${this.name}: not a line of JSON: ${line.value}`);
      }
    } finally {
      stop.abort();
    }
  }

  /** Sends a line and reads the answer. */
  ask<T>(line: string): Promise<T> {
    this.child.stdin.write(`${line}\n`);
    return this.next<T>();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Ends its input, gives it a moment to leave, and insists. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.child.stdin.end();
    const stop = new AbortController();
    const patience = delay(FAREWELL_MS, 'late', { signal: stop.signal }).catch(() => undefined);
    if ((await Promise.race([this.gone, patience])) === 'late') this.kill();
    await this.gone;
    stop.abort();
  }
}
