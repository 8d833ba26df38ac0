/** The options of `pollux stress`: what each takes, and what is said to those who give something else. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { backendNames } from '../../backends/registry.js';
import { REACTOR_MODES } from '../../core/driver/mode.js';
import { DEFAULTS, openingSeconds, TRANSPORTS, type FloodPlan, type Transport } from './plan.js';
import { SPARE_SECONDS } from './run-limit.js';
import { parseMessageSizes, type MessageSizes } from './traffic/message-sizes.js';

const BAD_USAGE = 2;
/** What one datagram carries at most, over IPv4. */
const MOST_DATAGRAM_BYTES = 65_507;
const MOST_THREADS = 256;
const MOST_DURATION_SECONDS = 7 * 24 * 3600;

function integer(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Allowed: integers from ${least} to ${most}.`);
    return value;
  };
}

function positive(most: number, unit: string) {
  return (text: string): number => {
    const value = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN;
    if (!(value > 0 && value <= most)) throw new InvalidArgumentError(`Allowed: ${unit} above 0, up to ${most}.`);
    return value;
  };
}

function messageSizes(text: string): MessageSizes {
  try {
    return parseMessageSizes(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** @param names what it may be beside auto. */
export function backendOption(names = backendNames()): Option {
  return new Option('--backend <name>', 'auto takes POLLUX_BACKEND or the preferred one')
    .choices([...names, 'auto'])
    .default('auto');
}

/** What both sides understand. @param threads the default. */
export function addCommonOptions(command: Command, threads: number = DEFAULTS.threads): Command {
  return command
    .addOption(
      new Option('--mode <mode>', 'how descriptors are registered: level and edge are persistent')
        .choices(REACTOR_MODES)
        .default('level'),
    )
    .option('--threads <number>', 'threads of a side, with a reactor each', integer(1, MOST_THREADS), threads)
    .option(
      '--limit <seconds>',
      `end by itself after so long (default: ${SPARE_SECONDS} more than planned)`,
      parseDuration,
    )
    .option('--csv <file>', 'write a line for each thread and second to a file')
    .option(
      '--json [file]',
      'print one JSON object on standard output and nothing else there; with a file: write it there instead',
    );
}

/** @param transports those that the command has. */
export function transportOption(transports: readonly Transport[] = TRANSPORTS): Option {
  return new Option('--transport <name>', 'what bytes go over: streams of TCP or Unix sockets, or datagrams of UDP')
    .choices(transports)
    .default('tcp');
}

export function addFloodOptions(command: Command): Command {
  return command
    .option(
      '--connections <number>',
      `connections to open in all (default: ${DEFAULTS.connections})`,
      integer(1, 1_000_000),
    )
    .option(
      '--rate <number>',
      `connections to open a second, in ten batches (default: ${DEFAULTS.ratePerThread} a thread)`,
      positive(1_000_000, 'numbers'),
    )
    .option(
      '--message <sizes>',
      `bytes of one write or datagram: 64, 16k, 64-4096, exp:1024 or 64:9,16k:1 (default: ${DEFAULTS.message}, of datagrams ${DEFAULTS.datagram})`,
      messageSizes,
    )
    .addOption(new Option('--size <bytes>', 'the same as --message').argParser(messageSizes).conflicts('message'))
    .option('--datagrams <number>', 'datagrams to send in all, however long that takes', integer(1, 1_000_000_000))
    .option(
      '--duration <seconds>',
      `how long to push (default: ${DEFAULTS.durationSeconds}; with --full, and with --connections, after the last one is open)`,
      parseDuration,
    )
    .addOption(
      new Option(
        '--full',
        `libiapp's full run: ${DEFAULTS.connectionsPerThread} connections a thread, ${DEFAULTS.connectionsPerThread * DEFAULTS.threads} in all`,
      ).conflicts('connections'),
    );
}

export interface FloodOptions {
  readonly threads: number;
  readonly connections?: number;
  readonly full?: boolean;
  readonly rate?: number;
  readonly transport: Transport;
  readonly message?: MessageSizes;
  readonly size?: MessageSizes;
  readonly datagrams?: number;
  readonly duration?: number;
  readonly limit?: number;
}

/**
 * Where the connections were asked for, all are opened; else the run is short, however few that makes. Sockets for
 * datagrams are open at once.
 */
export function floodPlanOf(options: FloodOptions, command: Command): FloodPlan & { readonly limitSeconds: number } {
  const { threads, transport, duration, rate = DEFAULTS.ratePerThread * threads, datagrams = null } = options;
  const isStream = transport !== 'udp';
  const asked = options.full ? DEFAULTS.connectionsPerThread * threads : options.connections;
  const connections = asked ?? (isStream ? DEFAULTS.connections : threads);
  const sizes = options.message ?? options.size ?? parseMessageSizes(isStream ? DEFAULTS.message : DEFAULTS.datagram);
  if (isStream && datagrams !== null) refuse(command, `--datagrams: only with --transport udp`);
  if (!isStream && sizes.mean === undefined && sizes.most > MOST_DATAGRAM_BYTES) {
    refuse(
      command,
      `--message: ${sizes.most} bytes are too many for a datagram. Allowed: up to ${MOST_DATAGRAM_BYTES}`,
    );
  }
  const planned = duration ?? DEFAULTS.durationSeconds;
  const limitSeconds = options.limit ?? Math.ceil(SPARE_SECONDS + openingSeconds({ connections, rate }) + planned);
  return {
    transport,
    connections,
    rate,
    sizes: isStream ? sizes : { ...sizes, most: Math.min(sizes.most, MOST_DATAGRAM_BYTES) },
    datagrams,
    durationSeconds: datagrams !== null && duration === undefined ? limitSeconds : planned,
    durationFrom: asked === undefined || duration !== undefined || !isStream ? 'start' : 'all open',
    limitSeconds,
  };
}

function refuse(command: Command, message: string): never {
  return command.error(`error: ${message}`, { exitCode: BAD_USAGE });
}

export const parseDuration = positive(MOST_DURATION_SECONDS, 'seconds');

/** @param least 0 where the system may choose one. */
export function parsePort(least: 0 | 1) {
  return integer(least, 65_535);
}
