/** A server that a command runs, until a signal comes. */
import process from 'node:process';
import type { Reports } from '../servers.js';
import { checkSameMonitors, type MonitorFlags } from './monitors.js';

/** A server that runs. */
export interface Running<Config> {
  /** Where, in words. */
  readonly place: string;
  /** Goes on with another configuration. @throws what is wrong with it: the old one goes on. */
  reload(config: Config): Promise<void>;
  readonly reports: Reports;
  /** Takes the log's file anew, which was renamed. */
  reopenLog(): void;
  /** Ends in order; aborting the signal ends it at once. */
  drain(deadlineMs: number, signal: AbortSignal): Promise<unknown>;
}

/** What every command that serves runs with. */
interface ServiceConfig {
  readonly options: MonitorFlags;
  readonly drainMs: number;
  readonly threads: number;
}

/**
 * SIGHUP reads the configuration again; SIGUSR2 opens the log anew. SIGUSR1 is Node's own, and starts the debugger.
 * SIGTERM and SIGINT end it, and a second one does so at once.
 *
 * @param config with which it began.
 * @param read reads the configuration again.
 */
export async function untilEnded<Config extends ServiceConfig>(
  running: Running<Config>,
  config: Config,
  read: () => Promise<Config>,
): Promise<void> {
  let { drainMs } = config;
  const reload = async (): Promise<void> => {
    try {
      const next = await read();
      if (next.threads !== config.threads)
        throw new Error(`threads: ${next.threads}; allowed: ${config.threads}, as they run`);
      checkSameMonitors(next.options, config.options);
      await running.reload(next);
      ({ drainMs } = next);
      process.stderr.write('pollux: the configuration was read again\n');
    } catch (failure) {
      process.stderr.write(`pollux: all goes on as before: ${(failure as Error).message}\n`);
    }
  };
  process.on('SIGHUP', () => void reload());
  process.on('SIGUSR2', () => running.reopenLog());
  const stopping = new AbortController();
  let signals = 0;
  await new Promise<void>((resolve, reject) => {
    const onSignal = (): void => {
      signals++;
      if (signals === 1) running.drain(drainMs, stopping.signal).then(() => resolve(), reject);
      else stopping.abort();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  process.exit();
}
