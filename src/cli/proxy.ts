/** `pollux proxy`: a proxy for TCP and Unix sockets, until a signal comes. */
import process from 'node:process';
import { Command } from 'commander';
import type { AccessRule } from '../servers.js';
import { refuseBesideConfig, refuseWithoutConfig } from './config/beside.js';
import { readProxyFile } from './config/proxy-file.js';
import { openMonitors } from './monitors.js';
import type { ProxyConfig } from './proxy/config.js';
import { addFlags, proxyConfigOf, type ProxyFlags } from './proxy/flags.js';
import { proxyHere, proxyInThreads } from './proxy/proxying.js';
import { untilEnded } from './service.js';

export function proxyCommand(): Command {
  const rules: AccessRule[] = [];
  const command = new Command('proxy');
  return addFlags(command, rules)
    .description('carry connections to one of several upstreams')
    .addHelpText(
      'after',
      '\nSIGTERM and SIGINT drain, and a second one stops at once. SIGHUP reads the configuration again, and drops no connection; SIGUSR2 opens the log anew.\n' +
        'docs/guide/proxy.md shows configurations.\n' +
        'Exits 0 when it was stopped, 1 if it could not listen or the file is wrong, 2 on bad usage.',
    )
    .action(async (flags: ProxyFlags) => {
      const read = () => readConfig(command, flags, rules);
      const config = await read();
      if (flags.check === true) return void process.stdout.write(`pollux proxy: ${flags.config} is right\n`);
      const proxying = await (config.threads === 1 ? proxyHere(config) : proxyInThreads(config));
      await openMonitors(config.options, proxying, 'pollux proxy');
      process.stdout.write(`pollux proxy: listening on ${proxying.place}\n`);
      await untilEnded(proxying, config, read);
    });
}

async function readConfig(command: Command, flags: ProxyFlags, rules: readonly AccessRule[]): Promise<ProxyConfig> {
  if (flags.config === undefined) {
    refuseWithoutConfig(command);
    return proxyConfigOf(command, flags, rules);
  }
  refuseBesideConfig(command, ['config', 'check']);
  return readProxyFile(flags.config);
}
