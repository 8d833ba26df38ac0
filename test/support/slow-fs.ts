/** A file system that is slow, hangs or fails on command: see slow-fs.c. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface, type Interface } from 'node:readline';
import { compiled } from './compiled.js';

const SOURCE = path.resolve('test/support/slow-fs.c');

type Operation = 'lookup' | 'getattr' | 'statfs' | 'open' | 'read' | 'write' | 'flush' | 'release';

/** How long it takes to answer when it is not told to: many times what a busy machine takes for a turn of the loop. */
const HELD_MS = 20_000;

/** What became of a thread while calls were held. */
export interface Held {
  /** That were held and let go. */
  readonly calls: number;
  readonly heldUp: boolean;
}

export class SlowFileSystem {
  private readonly over: Promise<unknown>;
  private answered: Promise<string | undefined> = Promise.resolve(undefined);

  private constructor(
    readonly folder: string,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: Interface,
  ) {
    this.over = new Promise(resolve => child.once('close', resolve));
  }

  /** @returns the file system, or why there can be none here. */
  static async mount(): Promise<SlowFileSystem | string> {
    if (process.platform !== 'linux' || !existsSync('/dev/fuse')) return 'there is no /dev/fuse';
    if (process.getuid?.() !== 0) return 'only root mounts';
    const { program, reason = '' } = compiled(SOURCE);
    if (program === undefined) return reason;
    const folder = mkdtempSync(path.join(os.tmpdir(), 'pollux-slow-'));
    const child = spawn(program, [folder], { stdio: ['pipe', 'pipe', 'pipe'] });
    const slow = new SlowFileSystem(folder, child, createInterface({ input: child.stdout }));
    const answer = await slow.nextLine();
    if (answer === 'mounted') return slow;
    rmSync(folder, { recursive: true });
    return 'this machine lets nobody mount';
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** From now on these calls are answered so much later, -1 for never, and with this error. */
  async delay(operation: Operation, delayMs: number, errno = 0): Promise<void> {
    await this.ask(`${operation} ${delayMs} ${errno}`);
  }

  async set(
    what: 'size' | 'content' | 'blocks' | 'direct' | 'keep' | 'ttl' | 'inode',
    value: number | bigint,
  ): Promise<void> {
    await this.ask(`${what} ${value}`);
  }

  async calls(operation: Operation): Promise<number> {
    return Number(await this.ask(`calls ${operation}`));
  }

  async bytesRead(): Promise<number> {
    return Number(await this.ask('sent'));
  }

  /**
   * Answers calls of `operation` only while this thread comes round, as long as `work` goes on: it would hold up a thread
   * that waits for one of them. How busy the machine is makes no difference to that.
   */
  async held(operation: Operation, work: () => Promise<unknown>): Promise<Held> {
    await this.delay(operation, HELD_MS);
    let isOver = false;
    let last = performance.now();
    const worked = work().finally(() => (isOver = true));
    let calls = 0;
    let longestGapMs = 0;
    while (!isOver) {
      calls += Number(await this.ask('go'));
      await new Promise(resolve => setTimeout(resolve, 2));
      longestGapMs = Math.max(longestGapMs, performance.now() - last);
      last = performance.now();
    }
    await worked;
    await this.delay(operation, 0);
    return { calls, heldUp: longestGapMs > HELD_MS / 2 };
  }

  /** Ends it: what hangs fails. Twice is allowed. */
  async unmount(): Promise<void> {
    this.child.stdin.end();
    await this.over;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One after the other, since the answers say no more than what they answer. */
  private ask(command: string): Promise<string | undefined> {
    this.answered = this.answered.then(() => {
      this.child.stdin.write(`${command}\n`);
      return this.nextLine();
    });
    return this.answered;
  }

  private nextLine(): Promise<string | undefined> {
    return new Promise(resolve => {
      const told = (line?: string): void => {
        this.lines.off('line', told);
        this.child.off('close', ended);
        resolve(line);
      };
      const ended = (): void => told();
      this.lines.once('line', told);
      this.child.once('close', ended);
    });
  }
}

/** Within `describe`: file systems for its tests, which are skipped where there can be none. */
export function slowFileSystems(): (context: Mocha.Context) => Promise<SlowFileSystem> {
  const mounted: SlowFileSystem[] = [];
  afterEach(async () => {
    await Promise.all(mounted.splice(0).map(slow => slow.unmount()));
  });
  return async context => {
    const slow = await SlowFileSystem.mount();
    if (typeof slow === 'string') {
      console.log(`      skipped: ${slow}`);
      return context.skip();
    }
    mounted.push(slow);
    return slow;
  };
}
