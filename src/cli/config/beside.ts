/** Flags that a configuration file stands for. */
import type { Command } from 'commander';

/** @param allowed the flags that may stand beside `--config`, as they are called in commander's values. */
export function refuseBesideConfig(command: Command, allowed: readonly string[]): void {
  const flag = command.options.find(
    option =>
      command.getOptionValueSource(option.attributeName()) === 'cli' && !allowed.includes(option.attributeName()),
  );
  const beside = flag?.long ?? command.args.at(0);
  if (beside !== undefined) command.error(`pollux: --config: not with ${beside}; the file says it`, { exitCode: 2 });
}

/** Flags that make sense beside `--config` alone. */
export function refuseWithoutConfig(command: Command): void {
  if (command.getOptionValueSource('check') === 'cli')
    command.error('pollux: --check: only with --config', { exitCode: 2 });
}
