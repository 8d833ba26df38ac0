/** `pollux serve`: the files of a directory over HTTP/1.1. */
import process from 'node:process';
import { Command } from 'commander';
import { addServeOptions, optionsOf, type ServeFlags } from './serve/flags.js';
import { serveHere, serveInThreads, type Serving } from './serve/serving.js';

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('serve the files of a directory over HTTP/1.1')
    .argument('[directory]', 'whose files are served, and nothing outside of it', '.');
  return addServeOptions(command)
    .addHelpText(
      'after',
      '\nSIGTERM and SIGINT end it: requests that are under way come to their end, within --drain seconds; a second signal breaks them off.' +
        '\nSIGHUP opens the log anew, and reads certificate and key again.' +
        '\nExits 0 when it was ended, 1 if it could not begin, 2 on bad usage.',
    )
    .action(async (directory: string, flags: ServeFlags) => {
      const options = optionsOf(command, directory, flags);
      const serving = await (flags.threads === 1 ? serveHere(options, flags) : serveInThreads(options, flags));
      process.stderr.write(`pollux: serving ${directory} at ${serving.place}\n`);
      await untilEnded(serving, flags.drain * 1000);
    });
}

/** Ends with the second signal at the latest. */
async function untilEnded(serving: Serving, deadlineMs: number): Promise<void> {
  const stopping = new AbortController();
  const reload = (): void => {
    serving.reload().catch((failure: Error) => process.stderr.write(`pollux: ${failure.message}\n`));
  };
  process.on('SIGHUP', reload);
  let signals = 0;
  await new Promise<void>((resolve, reject) => {
    const onSignal = (): void => {
      signals++;
      if (signals === 1) serving.drain({ deadlineMs, signal: stopping.signal }).then(() => resolve(), reject);
      else stopping.abort();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  process.exit();
}
