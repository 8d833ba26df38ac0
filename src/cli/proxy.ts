/** `pollux proxy`: a proxy for TCP and Unix sockets, until a signal comes. */
import process from 'node:process';
import { Command } from 'commander';
import { createProxy, type AccessRule, type ProxyListenOptions } from '../servers.js';
import { formatName } from '../servers/proxy/addresses.js';
import { refuseBesideConfig, refuseWithoutConfig } from './config/beside.js';
import { readProxyFile } from './config/proxy-file.js';
import type { ProxyConfig } from './proxy/config.js';
import { addFlags, proxyConfigOf, type ProxyFlags } from './proxy/flags.js';
import { runThreads } from './proxy/threads.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export function proxyCommand(): Command {
  const rules: AccessRule[] = [];
  const command = new Command('proxy');
  return addFlags(command, rules)
    .description('carry connections to one of several upstreams')
    .addHelpText(
      'after',
      '\nSIGTERM and SIGINT drain, and a second one stops at once. docs/guide/proxy.md shows configurations.\n' +
        'Exits 0 when it was stopped, 1 if it could not listen or the file is wrong, 2 on bad usage.',
    )
    .action(async (flags: ProxyFlags) => {
      const config = await configOf(command, flags, rules);
      if (flags.check === true) return void process.stdout.write(`pollux proxy: ${flags.config} is right\n`);
      const { options, threads, drainMs } = config;
      const say = (places: string) => process.stdout.write(`pollux proxy: listening on ${places}\n`);
      if (threads === 1) await runAlone(config, say);
      else {
        const listen = options.listen as readonly ProxyListenOptions[];
        const places = listen.map(({ host, port }) => (host === undefined ? `${port}` : `${host}:${port}`));
        await runThreads(threads, { options, drainMs }, () => say(places.join(', ')));
      }
    });
}

async function configOf(command: Command, flags: ProxyFlags, rules: readonly AccessRule[]): Promise<ProxyConfig> {
  if (flags.config === undefined) {
    refuseWithoutConfig(command);
    return proxyConfigOf(command, flags, rules);
  }
  refuseBesideConfig(command, ['config', 'check']);
  return readProxyFile(flags.config);
}

async function runAlone({ options, drainMs }: ProxyConfig, say: (places: string) => void): Promise<void> {
  const proxy = await createProxy(options);
  say(proxy.listeners.map(({ address }) => formatName(address)).join(', '));
  let isDraining = false;
  await new Promise<void>((resolve, reject) => {
    const onSignal = () => {
      if (isDraining) void proxy.close();
      else proxy.drain({ deadlineMs: drainMs }).then(() => resolve(), reject);
      isDraining = true;
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
  });
  process.exit();
}
