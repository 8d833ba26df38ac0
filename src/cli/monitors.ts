/** `--metrics` and `--status` of the commands that serve. */
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { Address } from '../index.js';
import { exposeMetrics, exposeStatusPage, type Monitor, type MonitorPlace, type Reports } from '../servers.js';
import { without } from './config/without.js';
import { listenPlace } from './proxy/places.js';

/** Where a command tells of its server; undefined: nowhere. */
export interface MonitorFlags {
  readonly metrics?: MonitorPlace;
  readonly status?: MonitorPlace;
}

export function addMonitorFlags(command: Command): Command {
  return command
    .option(
      '--status <place>',
      'shows plots of the last minutes on a page: PORT (of this machine alone), HOST:PORT or a path',
      listenPlace,
    )
    .option(
      '--metrics <place>',
      'for Prometheus, at /metrics: as --status; needs the package prom-client',
      listenPlace,
    );
}

/** Those that were given, as options of a server. */
export function monitorsOf({ metrics, status }: MonitorFlags): MonitorFlags {
  return { ...(metrics !== undefined && { metrics }), ...(status !== undefined && { status }) };
}

/** Options for servers: the command itself tells of all threads together. */
export function withoutMonitors<Options extends MonitorFlags>(options: Options): Omit<Options, keyof MonitorFlags> {
  return without(options, 'metrics', 'status');
}

/** @throws TypeError other places than those that are open. */
export function checkSameMonitors(next: MonitorFlags, now: MonitorFlags): void {
  for (const name of ['metrics', 'status'] as const) {
    if (isDeepStrictEqual(next[name], now[name])) continue;
    throw new TypeError(`${name}: another place than before; allowed: the same, for as long as the server runs`);
  }
}

/** Where the command's server is, once it runs. */
interface Told {
  readonly reports: Reports;
  drain(deadlineMs: number, signal: AbortSignal): Promise<unknown>;
}

/** @throws what `exposeMetrics` and `exposeStatusPage` throw, by the promise: the server has ended then. */
export async function openMonitors({ metrics, status }: MonitorFlags, server: Told, title: string): Promise<void> {
  const { reports } = server;
  try {
    if (metrics !== undefined) say('metrics', '/metrics', await exposeMetrics({ ...metrics, reports }));
    if (status !== undefined) say('status page', '/', await exposeStatusPage({ ...status, reports, title }));
  } catch (failure) {
    await server.drain(0, new AbortController().signal);
    throw failure;
  }
}

function say(what: string, path: string, { address }: Monitor): void {
  process.stderr.write(`pollux: ${what} at ${placeOf(address, path)}\n`);
}

function placeOf(address: Address, path: string): string {
  if (address.family === 'unix') return address.path;
  const host = address.family === 'ipv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}${path}`;
}
