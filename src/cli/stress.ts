/**
 * `pollux stress`: libiapp's server and client. Thousands of sockets, opened at a rate, flooded by one side and
 * drained by the other.
 */
import { Command } from 'commander';
import { chooseBackend, probeBackends } from '../backends/registry.js';
import type { ReactorMode } from '../core/driver/mode.js';
import { platform } from '../sys/ffi/platform.js';
import { floodAlone, serveAlone } from './stress/sides/alone.js';
import { compareCommand } from './stress/comparing/compare.js';
import { eventsCommand } from './stress/events/events.js';
import { sweepCommand } from './stress/sweep/sweep.js';
import { stressLoopback } from './stress/loopback.js';
import {
  addCommonOptions,
  addFloodOptions,
  backendOption,
  floodPlanOf,
  parseDuration,
  parsePort,
  transportOption,
  type FloodOptions,
} from './stress/options.js';
import { DEFAULTS, type Transport } from './stress/plan.js';
import { SPARE_SECONDS } from './stress/run-limit.js';
import type { SweepOptions } from './stress/sweep/options.js';
import { checkTransport } from './stress/transport.js';

interface CommonOptions {
  readonly backend: string;
  readonly mode: ReactorMode;
  readonly threads: number;
  readonly transport: Transport;
  readonly limit?: number;
  readonly csv?: string;
  readonly json?: boolean | string;
}

/** Whether the kernel spreads connections to one port over the threads that listen on it. */
const spreadsConnections = platform === 'linux' || platform === 'freebsd';
const EXITS =
  '\nExits 0 when all went well, 1 when not, 2 on bad usage. docs/stress.md explains the result, docs/cli.md its JSON.';
const BAD_USAGE = 2;
/** Unix sockets have both sides on this machine. */
const ALONE: readonly Transport[] = ['tcp', 'udp'];

export function stressCommand(): Command {
  const command = new Command('stress').description(
    'flood a sink over thousands of sockets: both sides as processes of this machine, or one at a time',
  );
  command.addOption(backendOption().conflicts('everyBackend'));
  command.option('--every-backend', 'run all backends that work here, one after another');
  addFloodOptions(addCommonOptions(command)).addOption(transportOption());
  return command
    .addHelpText('after', EXITS)
    .action(async (options: CommonOptions & FloodOptions & { everyBackend?: boolean }) => {
      const { mode, threads, json, csv } = options;
      const plan = floodPlanOf(options, command);
      checkTransport(plan.transport);
      const backends = options.everyBackend ? everyBackend() : [chosenBackend(options.backend, command)];
      await stressLoopback({ backends, mode, threads, ...plan }, { json, csv });
    })
    .addCommand(serverCommand())
    .addCommand(clientCommand())
    .addCommand(compareCommand().hook('preAction', (_parent, action) => refuseMisplaced(action)))
    .addCommand(sweepCommand(sweepBackends).hook('preAction', (_parent, action) => refuseMisplaced(action)))
    .addCommand(eventsCommand().hook('preAction', (_parent, action) => refuseMisplaced(action)));
}

function serverCommand(): Command {
  const command = new Command('server').description('the sink alone: accepts, reads, throws away, counts');
  command.addOption(backendOption());
  addCommonOptions(command, spreadsConnections ? DEFAULTS.threads : 1)
    .option('--host <address>', 'the address to listen on; 0.0.0.0 or :: for other machines', '127.0.0.1')
    .option('--port <number>', 'the port to listen on; 0 lets the system choose', parsePort(0), DEFAULTS.port)
    .option('--duration <seconds>', 'end after so long; without it, at Ctrl-C', parseDuration)
    .addOption(transportOption(ALONE));
  return command
    .addHelpText('after', EXITS)
    .action(async (options: CommonOptions & { host: string; port: number; duration?: number }) => {
      refuseMisplaced(command);
      const { mode, threads, host, port, transport, duration: durationSeconds, json, csv } = options;
      const limitSeconds = options.limit ?? SPARE_SECONDS;
      checkTransport(transport);
      const backend = chosenBackend(options.backend, command);
      const plan = { backend, mode, threads, host, port, transport, durationSeconds, limitSeconds };
      await serveAlone(plan, { json, csv });
    });
}

function clientCommand(): Command {
  const command = new Command('client').description('the flood alone: opens connections at a rate and writes on all');
  command.addOption(backendOption());
  addFloodOptions(addCommonOptions(command))
    .option('--host <host>', 'the server', '127.0.0.1')
    .option('--port <number>', "the server's port", parsePort(1), DEFAULTS.port)
    .addOption(transportOption(ALONE));
  return command
    .addHelpText('after', EXITS)
    .action(async (options: CommonOptions & FloodOptions & { host: string; port: number }) => {
      refuseMisplaced(command);
      const { mode, threads, host, port, json, csv } = options;
      const plan = floodPlanOf(options, command);
      checkTransport(plan.transport);
      const backend = chosenBackend(options.backend, command);
      await floodAlone({ backend, mode, threads, host, port, ...plan }, { json, csv });
    });
}

/** Options between 'stress' and 'server' belong to neither; better said than ignored. */
function refuseMisplaced(command: Command): void {
  const parent = command.parent!;
  const misplaced = parent.options.find(option => parent.getOptionValueSource(option.attributeName()) === 'cli');
  if (misplaced === undefined) return;
  const name = command.name();
  command.error(
    `error: ${misplaced.long} stands before '${name}'; options go after it: pollux stress ${name} ${misplaced.flags}`,
    { exitCode: BAD_USAGE },
  );
}

function sweepBackends({ backend, everyBackend: every }: SweepOptions, command: Command): string[] {
  return every ? everyBackend() : [chosenBackend(backend, command)];
}

function everyBackend(): string[] {
  const names = probeBackends()
    .filter(({ probe }) => probe.available)
    .map(({ name }) => name);
  if (names.length === 0) throw new Error('no backend runs here; `pollux doctor` says why');
  return names;
}

/**
 * The name of the backend that will be used, after it was opened for a moment: what it refuses is told before
 * anything starts.
 */
function chosenBackend(name: string, command: Command): string {
  try {
    const { backend } = chooseBackend(name);
    backend.close();
    return backend.name;
  } catch (error) {
    // Only POLLUX_BACKEND can still hold an unknown name.
    if (error instanceof TypeError) command.error(`error: POLLUX_BACKEND: ${error.message}`, { exitCode: BAD_USAGE });
    throw error;
  }
}
