/** The options of `pollux stress`: what each takes, and what is said to those who give something else. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { backendNames } from '../../backends/registry.js';
import { REACTOR_MODES } from '../../core/driver/mode.js';
import { DEFAULTS, type FloodPlan } from './plan.js';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };
/** What a connection may queue at most by default; one write has to fit. */
const MOST_SIZE_BYTES = 16 * 1024 * 1024;
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

function size(text: string): number {
  const [, digits, unit] = /^(\d+)([km]?)$/i.exec(text) ?? [];
  const bytes = digits === undefined ? NaN : Number(digits) * UNITS[unit.toLowerCase()];
  if (!(bytes >= 1 && bytes <= MOST_SIZE_BYTES)) {
    throw new InvalidArgumentError(`Allowed: bytes from 1 to ${MOST_SIZE_BYTES}; k and m stand for KiB and MiB.`);
  }
  return bytes;
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
    .option('--json', 'print one JSON object on standard output and nothing else there');
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
    .option('--size <bytes>', 'bytes of one write; 16k is 16 KiB', size, DEFAULTS.sizeBytes)
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
  readonly size: number;
  readonly duration?: number;
}

/** Where the connections were asked for, all are opened; else the run is short, however few that makes. */
export function floodPlanOf(options: FloodOptions): FloodPlan {
  const { threads, size: sizeBytes, rate = DEFAULTS.ratePerThread * threads } = options;
  const asked = options.full ? DEFAULTS.connectionsPerThread * threads : options.connections;
  const { durationSeconds } = DEFAULTS;
  return {
    connections: asked ?? DEFAULTS.connections,
    rate,
    sizeBytes,
    durationSeconds: options.duration ?? durationSeconds,
    durationFrom: asked === undefined || options.duration !== undefined ? 'start' : 'all open',
  };
}

export const parseDuration = positive(MOST_DURATION_SECONDS, 'seconds');

/** @param least 0 where the system may choose one. */
export function parsePort(least: 0 | 1) {
  return integer(least, 65_535);
}
