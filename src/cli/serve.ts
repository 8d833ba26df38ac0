/** `pollux serve`: the files of a directory over HTTP/1.1. */
import process from 'node:process';
import { Command } from 'commander';
import { refuseBesideConfig, refuseWithoutConfig } from './config/beside.js';
import { readServeFile } from './config/serve-file.js';
import { openMonitors } from './monitors.js';
import type { ServeConfig } from './serve/config.js';
import { addServeOptions, configOf, type ServeFlags } from './serve/flags.js';
import { serveHere, serveInThreads } from './serve/serving.js';
import { untilEnded } from './service.js';

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('serve the files of a directory over HTTP/1.1')
    .argument('[directory]', 'whose files are served, and nothing outside of it', '.');
  return addServeOptions(command)
    .addHelpText(
      'after',
      '\nSIGTERM and SIGINT end it: requests that are under way come to their end, within --drain seconds; a second signal breaks them off.' +
        '\nSIGHUP reads the configuration again, opens the log anew, and drops no connection; SIGUSR2 opens the log alone.' +
        '\nExits 0 when it was ended, 1 if it could not begin or the file is wrong, 2 on bad usage.',
    )
    .action(async (directory: string, flags: ServeFlags) => {
      const read = () => readConfig(command, directory, flags);
      const config = await read();
      if (flags.check === true) return void process.stdout.write(`pollux serve: ${flags.config} is right\n`);
      const serving = await (config.threads === 1 ? serveHere(config) : serveInThreads(config));
      process.stderr.write(`pollux: serving ${String(config.options.directory)} at ${serving.place}\n`);
      await openMonitors(config.options, serving, `pollux serve ${String(config.options.directory)}`);
      await untilEnded(serving, config, read);
    });
}

async function readConfig(command: Command, directory: string, flags: ServeFlags): Promise<ServeConfig> {
  if (flags.config === undefined) {
    refuseWithoutConfig(command);
    return configOf(command, directory, flags);
  }
  refuseBesideConfig(command, ['config', 'check']);
  return readServeFile(flags.config);
}
