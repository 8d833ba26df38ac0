/** `pollux top`: a live view of a process that has a status socket. */
import process from 'node:process';
import { Command, Option } from 'commander';
import type { ProcessSnapshot } from '../observe/process-snapshot.js';
import { framesOf } from './top/frames.js';
import { paintFor } from './top/palette.js';
import { ratesBetween } from './top/rates.js';
import { renderFrame, SORTS, type Sort } from './top/rendering.js';
import { Screen } from './top/screen.js';

interface TopOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly sort: Sort;
}

export function topCommand(): Command {
  return new Command('top')
    .description('watch a running program: its threads, connections, paths and lag')
    .argument('<path>', 'the status socket that the program has made by exposeStatus({ path })')
    .option('--once', 'print one frame and exit; so it is where standard output is no terminal')
    .option('--json', 'print the snapshots as they come, one line of JSON each; with --once the first alone')
    .addOption(new Option('--sort <by>', 'what connections are sorted by').choices(SORTS).default('out'))
    .addHelpText(
      'after',
      '\nKeys: q quits, s sorts by something else, p pauses. NO_COLOR is heeded.\n' +
        'Exits 0 when it was ended or the program has ended, 1 if there is nothing to watch, 2 on bad usage.',
    )
    .action(async (path: string, options: TopOptions) => {
      const frames = framesOf(path);
      if (options.json) await printLines(frames, options);
      else if (options.once || !process.stdout.isTTY) await printFrame(frames, options);
      else await watch(frames, options);
    });
}

async function printLines(frames: AsyncGenerator<ProcessSnapshot>, { once }: TopOptions): Promise<void> {
  for await (const frame of frames) {
    process.stdout.write(`${JSON.stringify(frame)}\n`);
    if (once) return;
  }
}

/** It takes two snapshots to tell what happens in a second. */
async function printFrame(frames: AsyncGenerator<ProcessSnapshot>, { sort }: TopOptions): Promise<void> {
  const paint = paintFor(process.stdout);
  let earlier: ProcessSnapshot | undefined;
  for await (const frame of frames) {
    if (earlier === undefined) {
      earlier = frame;
      continue;
    }
    const view = { columns: process.stdout.columns ?? 80, rows: Infinity, sort, paint };
    process.stdout.write(`${renderFrame(ratesBetween(frame, earlier), view).join('\n')}\n`);
    return;
  }
  throw new Error('the program ended before it had told twice what it does');
}

async function watch(frames: AsyncGenerator<ProcessSnapshot>, { sort }: TopOptions): Promise<void> {
  let end!: () => void;
  const ended = new Promise<void>(resolve => (end = resolve));
  let last: ProcessSnapshot | undefined;
  let screen: Screen | undefined;
  const all = (async () => {
    for await (const frame of frames) {
      screen ??= new Screen(sort, end);
      screen.show((last = frame));
    }
    return 'the program has ended' as const;
  })();
  try {
    const why = await Promise.race([all, ended]);
    screen?.close();
    if (why !== undefined) process.stderr.write(`pollux: ${last?.title ?? 'it'} (pid ${last?.pid ?? '?'}) has ended\n`);
  } catch (error) {
    screen?.close();
    throw error;
  }
  // What still comes is waited for by nobody.
  void frames.return(undefined);
  process.exitCode = 0;
  process.stdin.unref?.();
  process.exit();
}
