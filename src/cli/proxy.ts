/** `pollux proxy`: a proxy for TCP and Unix sockets, until a signal comes. */
import process from 'node:process';
import { Command } from 'commander';
import { createProxy, type AccessRule, type ProxyOptions } from '../servers.js';
import { formatName } from '../servers/proxy/addresses.js';
import { addFlags, proxyOptionsOf, type ProxyFlags } from './proxy/flags.js';
import { runThreads } from './proxy/threads.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export function proxyCommand(): Command {
  const rules: AccessRule[] = [];
  return addFlags(new Command('proxy'), rules)
    .description('carry connections to one of several upstreams')
    .addHelpText(
      'after',
      '\nSIGTERM and SIGINT drain, and a second one stops at once. docs/guide/proxy.md shows configurations.\n' +
        'Exits 0 when it was stopped, 1 if it could not listen, 2 on bad usage.',
    )
    .action(async (flags: ProxyFlags) => {
      const options = proxyOptionsOf(flags, rules);
      const { threads = 1, drain } = flags;
      const say = (places: string) => process.stdout.write(`pollux proxy: listening on ${places}\n`);
      if (threads === 1) await runAlone(options, drain, say);
      else {
        const places = flags.listen.map(({ host, port }) => (host === undefined ? `${port}` : `${host}:${port}`));
        await runThreads(threads, { options, drainMs: drain }, () => say(places.join(', ')));
      }
    });
}

async function runAlone(options: ProxyOptions, drainMs: number, say: (places: string) => void): Promise<void> {
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
