/** The `pollux` command. Importing this module runs it: 0 when all went well, 1 when not, 2 on bad usage. */
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { platform } from '../sys/ffi/platform.js';
import { guardOutput } from './output.js';
import { version } from './version.js';

const FAILED = 1;
const BAD_USAGE = 2;

/** In the order of `--help`. Each is loaded only where it is needed: all of them take half the time of a start. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serveCommand(),
  proxy: async () => (await import('./proxy.js')).proxyCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
  'self-test': async () => (await import('./self-test.js')).selfTestCommand(),
  stress: async () => (await import('./stress.js')).stressCommand(),
  conformance: async () => (await import('./conformance.js')).conformanceCommand(),
  top: async () => (await import('./top.js')).topCommand(),
};

async function program(name = ''): Promise<Command> {
  const root = new Command('pollux')
    .description('epoll, kqueue, poll and io_uring behind one contract: serve, proxy, look at this machine, stress it')
    .version(version)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'pollux: ')) })
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExits 0 when all went well, 1 when not, 2 on bad usage. POLLUX_BACKEND chooses a backend for any program.',
    );
  const wanted = Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
  for (const each of wanted) mount(root, await COMMANDS[each]());
  return root;
}

/** Errors are worded, and end the process, in one way everywhere. */
function mount(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) child.copyInheritedSettings(parent);
  parent.addCommand(command);
}

async function main(): Promise<void> {
  guardOutput();
  try {
    if (platform === 'unsupported') {
      throw new Error(`no backend for ${process.platform}: Pollux needs Linux, FreeBSD, macOS, OpenBSD or NetBSD`);
    }
    await (await program(process.argv[2])).parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error as Error);
  }
}

function exitCodeOf(error: Error): number {
  if (error instanceof CommanderError) {
    // Commander has spoken already. Its own complaints are about usage; 'commander.error' is an error of this
    // command, with its code.
    return error.exitCode === 0 || error.code === 'commander.error' ? error.exitCode : BAD_USAGE;
  }
  process.stderr.write(`pollux: ${error.message}\n`);
  return FAILED;
}

await main();
