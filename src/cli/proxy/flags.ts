/** The flags of `pollux proxy`, and the options that they stand for. */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AccessRule, ProxyListenOptions, ProxyProtocol, UpstreamOptions } from '../../servers.js';
import { addMonitorFlags, monitorsOf, type MonitorFlags } from '../monitors.js';
import { BALANCES, type Balance } from '../../servers/proxy/balancers/choice.js';
import { checkedProxy } from '../config/proxy-file.js';
import type { ProxyConfig, ProxyPlace } from './config.js';
import { listenPlace, upstreamPlace } from './places.js';

/** As commander gives them. */
export interface ProxyFlags extends MonitorFlags {
  readonly listen?: readonly ProxyListenOptions[];
  readonly upstream?: readonly UpstreamOptions[];
  readonly balance: Balance;
  readonly attempts?: number;
  readonly connectTimeout?: number;
  readonly idleTimeout?: number;
  readonly halfCloseTimeout?: number;
  readonly lifetime?: number;
  readonly healthCheck?: number;
  readonly maxConnections?: number;
  readonly maxPerSource?: number;
  readonly acceptsPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly otherwise: 'allow' | 'deny';
  readonly trustProxy?: readonly string[];
  readonly sendProxy?: ProxyProtocol;
  readonly cert?: string;
  readonly key?: string;
  readonly log?: string;
  readonly logFormat: 'text' | 'json';
  readonly threads?: number;
  readonly drain: number;
  readonly inherited?: readonly string[];
  readonly config?: string;
  readonly check?: boolean;
}

/** Flags that may come several times. */
function collected<T>(parse: (text: string) => T): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

function atLeast(least: number, unit: string): (text: string) => number {
  return text => {
    const number = Number(text);
    if (/^\d{1,12}$/.test(text) && number >= least) return number;
    throw new InvalidArgumentError(`Allowed: ${unit} from ${least}.`);
  };
}

const milliseconds = atLeast(0, 'milliseconds');

/** Adds the flags to the command. @param rules gets those of `--allow` and `--deny`, in their order. */
export function addFlags(command: Command, rules: AccessRule[]): Command {
  return addMonitorFlags(command)
    .addOption(
      new Option('-l, --listen <place>', 'where to listen: PORT, HOST:PORT or a path; as often as you like').argParser(
        collected(listenPlace),
      ),
    )
    .addOption(
      new Option('-u, --upstream <place>', 'where clients go to: as --listen, then ,weight=N ,max=N ,backup').argParser(
        collected(upstreamPlace),
      ),
    )
    .addOption(new Option('--balance <how>', 'which upstream gets a client').choices(BALANCES).default('round-robin'))
    .option('--attempts <number>', 'upstreams that are tried for one client (default: 3)', atLeast(1, 'integers'))
    .option('--connect-timeout <ms>', 'for connecting to one upstream (default: 5000)', milliseconds)
    .option('--idle-timeout <ms>', 'no byte either way (default: 600000; 0 is never)', milliseconds)
    .option('--half-close-timeout <ms>', 'one side has ended, and no byte of the other (default: 60000)', milliseconds)
    .option('--lifetime <ms>', 'how long a connection lasts at most (default: 0, for ever)', milliseconds)
    .option(
      '--health-check <ms>',
      'connect to each upstream so often, to find out how it is',
      atLeast(1, 'milliseconds'),
    )
    .option('--max-connections <number>', 'clients at once; others wait', atLeast(1, 'integers'))
    .option('--max-per-source <number>', 'clients at once of one address; others are reset', atLeast(1, 'integers'))
    .option('--accepts-per-second <number>', 'of each listener; others wait', atLeast(1, 'integers'))
    .option('--bytes-per-second <bytes>', 'of each client, both ways together', atLeast(1, 'bytes'))
    .option('--allow <network>', 'who may connect; with --deny, the first that fits decides', allow => {
      rules.push({ allow });
    })
    .option('--deny <network>', 'who may not', deny => {
      rules.push({ deny });
    })
    .addOption(
      new Option('--otherwise <what>', 'for addresses that no rule names').choices(['allow', 'deny']).default('allow'),
    )
    .option('--trust-proxy <network>', "who sends PROXY headers; 'unix' for Unix sockets", collected(String))
    .addOption(new Option('--send-proxy <version>', 'tell upstreams who the client is').choices(['v1', 'v2']))
    .option('--cert <file>', 'end TLS here: the certificate and its chain, as PEM')
    .option('--key <file>', 'and the key')
    .option('--log <file>', 'a line for each client that is through; needs the package sonic-boom')
    .addOption(new Option('--log-format <format>').choices(['text', 'json']).default('text'))
    .option(
      '--threads <number>',
      'threads that accept and carry (default: 1); limits are of each',
      atLeast(1, 'integers'),
    )
    .option(
      '--drain <ms>',
      'how long clients have to end after SIGTERM; idle ones are closed first',
      milliseconds,
      30_000,
    )
    .option('--inherited <name>', 'listens on the sockets of this name that systemd has passed', collected(String))
    .option('--config <file>', 'says all that in YAML or JSON; the other flags are not for it')
    .option('--check', 'says what is wrong with the file, and starts nothing');
}

/** @throws Error flags that do not fit together, or a file that can't be read. */
export function proxyConfigOf(command: Command, flags: ProxyFlags, rules: readonly AccessRule[]): ProxyConfig {
  const { otherwise, trustProxy, acceptsPerSecond, threads = 1, drain } = flags;
  const inherited = flags.inherited?.map(name => ({ inherited: name })) ?? [];
  const listen = [
    ...(inherited.length > 0 ? (flags.listen ?? []) : needed(command, 'listen', flags.listen)),
    ...inherited,
  ];
  const upstreams = needed(command, 'upstream', flags.upstream);
  if ((flags.cert === undefined) !== (flags.key === undefined))
    throw new Error('--cert: only with --key, and --key with --cert');
  const tls =
    flags.cert === undefined
      ? undefined
      : { cert: readFileSync(flags.cert, 'utf8'), key: readFileSync(flags.key!, 'utf8') };
  const common = { access: { rules, otherwise }, trustedProxies: trustProxy, acceptsPerSecond, tls };
  if (threads > 1 && (flags.listen ?? []).some(({ port = 0 }) => port === 0)) {
    throw new Error('--threads: each listens by itself, so that --listen has to be a port from 1');
  }
  const check = flags.healthCheck === undefined ? undefined : { intervalMs: flags.healthCheck };
  const places: readonly ProxyPlace[] = listen.map(place => ({ ...place, ...common }));
  const options: ProxyConfig['options'] = {
    pool: {
      upstreams,
      balance: flags.balance,
      attempts: flags.attempts,
      connectTimeoutMs: flags.connectTimeout,
      proxyProtocol: flags.sendProxy,
      health: { check },
    },
    timeouts: { idleMs: flags.idleTimeout, halfCloseMs: flags.halfCloseTimeout, lifetimeMs: flags.lifetime },
    limits: {
      connections: flags.maxConnections,
      connectionsPerSource: flags.maxPerSource,
      bytesPerSecond: flags.bytesPerSecond,
    },
    ...(flags.log !== undefined && { connectionLog: { to: flags.log, format: flags.logFormat } }),
    ...monitorsOf(flags),
  };
  return checkedProxy({ options, places, threads, drainMs: drain });
}

/** A flag without which there is nothing to do, unless a file says it. */
function needed<Value>(command: Command, name: string, value: Value | undefined): Value {
  if (value !== undefined) return value;
  const { flags } = command.options.find(option => option.attributeName() === name)!;
  return command.error(`pollux: required option '${flags}' not specified`, { exitCode: 2 });
}
