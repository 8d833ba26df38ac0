/** The flags of `pollux serve`, and what a server is made with by them. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AccessLogOptions, Redirect, FieldRule } from '../../servers.js';
import { addMonitorFlags, monitorsOf, type MonitorFlags } from '../monitors.js';
import { MOST_THREADS } from '../config/both-files.js';
import { SERVE_ACCEPTS } from '../config/serve-file.js';
import type { ServeAccept, ServeConfig } from './config.js';

/** As commander gives them. */
export interface ServeFlags extends MonitorFlags {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly index?: readonly string[];
  readonly listing?: boolean;
  readonly dotFiles?: boolean;
  readonly fallback?: string;
  readonly errorPage: Readonly<Record<number, string>>;
  readonly cache: readonly FieldRule[];
  readonly redirect: readonly Redirect[];
  readonly cors: readonly string[];
  readonly vhost: Readonly<Record<string, string>>;
  readonly cert?: string;
  readonly key?: string;
  readonly log?: string;
  readonly logFormat: NonNullable<AccessLogOptions['format']>;
  readonly maxConnections?: number;
  readonly threads: number;
  readonly accept: ServeAccept;
  readonly drain: number;
  readonly inherited?: string;
  readonly config?: string;
  readonly check?: boolean;
}

const MOST_SECONDS = 24 * 3600;

export function addServeOptions(command: Command): Command {
  return addMonitorFlags(command)
    .option('--host <host>', 'where to listen', '127.0.0.1')
    .option('--port <port>', '0 takes one that is free', integer(0, 65_535), 8080)
    .option('--path <path>', 'listens on a Unix socket in place of a port')
    .option('--index <file>', 'what a directory is answered with; may be repeated; default: index.html', several)
    .option('--listing', 'lists directories that have no index')
    .option('--dot-files', 'serves names that begin with a dot')
    .option('--fallback <file>', 'answers for what is not there, where a page is accepted')
    .option('--error-page <status=file>', 'a page for a status: 404=404.html; may be repeated', errorPages, {})
    .option(
      '--cache <pattern=value>',
      "Cache-Control by pattern: 'assets/**=max-age=3600'; may be repeated",
      cacheRules,
      [],
    )
    .option('--redirect <from=to>', "'/old=/new', '/docs/*=/*'; may be repeated", redirects, [])
    .option('--cors <origin>', "an origin that may read all, or '*'; may be repeated", several, [])
    .option('--vhost <name=directory>', "a site for a host, or for '*.example.org'; may be repeated", hosts, {})
    .option('--cert <file>', 'speaks TLS with this certificate (PEM), which is read again when it changes')
    .option('--key <file>', 'the private key of --cert (PEM)')
    .option('--log <file>', 'a line for each response; needs the package sonic-boom')
    .addOption(new Option('--log-format <format>').choices(['common', 'combined', 'json']).default('combined'))
    .option('--max-connections <number>', 'more than these wait to be accepted', integer(1, 1_000_000))
    .option('--threads <number>', 'threads that serve, with a reactor each', integer(1, MOST_THREADS), 1)
    .addOption(
      new Option('--accept <model>', 'who accepts, with more than one thread')
        .choices(SERVE_ACCEPTS)
        .default('reuseport'),
    )
    .option('--drain <seconds>', 'how long requests may go on once it is ended', integer(0, MOST_SECONDS), 10)
    .option('--inherited <name>', 'listens on the sockets of this name that systemd has passed, in place of a port')
    .option('--config <file>', 'says all that in YAML or JSON; the other flags are not for it')
    .option('--check', 'says what is wrong with the file, and starts nothing');
}

export function configOf(command: Command, directory: string, flags: ServeFlags): ServeConfig {
  const { cors, vhost, cert, key, log } = flags;
  if ((cert === undefined) !== (key === undefined))
    command.error('pollux: --cert and --key: only together', { exitCode: 2 });
  if (flags.path !== undefined && command.getOptionValueSource('port') === 'cli') {
    command.error('pollux: --path: not with --port', { exitCode: 2 });
  }
  if (flags.inherited !== undefined) {
    const beside = ['host', 'port', 'path'].find(name => command.getOptionValueSource(name) === 'cli');
    if (beside !== undefined) command.error(`pollux: --inherited: not with --${beside}`, { exitCode: 2 });
    if (flags.threads > 1) command.error('pollux: --inherited: only with one thread', { exitCode: 2 });
  }
  if (flags.threads > 1 && flags.maxConnections !== undefined) {
    command.error('pollux: --max-connections: only with one thread', { exitCode: 2 });
  }
  const site = {
    ...(flags.index !== undefined && { index: flags.index }),
    listing: flags.listing ?? false,
    dotFiles: flags.dotFiles === true ? ('allow' as const) : ('deny' as const),
    rules: flags.cache,
    ...(cors.length > 0 && { cors: cors.includes('*') ? ('*' as const) : cors }),
  };
  const options = {
    ...site,
    directory,
    redirects: flags.redirect,
    errorPages: flags.errorPage,
    ...(flags.fallback !== undefined && { fallback: flags.fallback }),
    hosts: Object.fromEntries(Object.entries(vhost).map(([name, folder]) => [name, { ...site, directory: folder }])),
    ...(cert !== undefined && { tls: { certificate: cert, key: key! } }),
    ...(log !== undefined && { accessLog: { to: log, format: flags.logFormat } }),
    ...monitorsOf(flags),
  };
  const { host, port, path, maxConnections, threads, accept, drain } = flags;
  const place =
    flags.inherited !== undefined ? { inherited: flags.inherited } : path === undefined ? { host, port } : { path };
  return {
    options,
    places: [{ ...place, ...(maxConnections !== undefined && { maxConnections }) }],
    threads,
    accept,
    drainMs: drain * 1000,
  };
}

function integer(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Allowed: integers from ${least} to ${most}.`);
    return value;
  };
}

function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function pair(text: string, example: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) throw new InvalidArgumentError(`Allowed: two parts, such as ${example}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function errorPages(text: string, before: Readonly<Record<number, string>>): Readonly<Record<number, string>> {
  const [status, file] = pair(text, '404=404.html');
  return { ...before, [status]: file };
}

function cacheRules(text: string, before: readonly FieldRule[]): readonly FieldRule[] {
  const [match, cacheControl] = pair(text, "'*.css=max-age=3600'");
  return [...before, { match, cacheControl }];
}

function redirects(text: string, before: readonly Redirect[]): readonly Redirect[] {
  const [from, to] = pair(text, '/old=/new');
  return [...before, { from, to }];
}

function hosts(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [name, directory] = pair(text, 'a.example=sites/a');
  return { ...before, [name]: directory };
}
