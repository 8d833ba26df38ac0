/** What each thread did in each second, as lines of a CSV file. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { machineMs } from '../timing/machine-clock.js';
import { ThreadDeltas, type SidesProgress } from './thread-deltas.js';

const COLUMNS =
  'backend,second,side,thread,connections,interval_seconds,bytes,messages,datagrams_dropped,errors_so_far\n';

export class CsvFile {
  private fd: number | undefined = undefined;
  private failure: Error | undefined;
  private readonly deltas = new Map<string, ThreadDeltas>();

  /** @throws Error ENOENT and its like. */
  constructor(private readonly path: string) {
    try {
      this.fd = openSync(path, 'w');
    } catch (error) {
      throw new Error(`--csv ${path}: ${(error as Error).message}`, { cause: error });
    }
    this.put(COLUMNS);
  }

  /** @param second since the flood began. */
  write(backend: string, second: number, sides: SidesProgress): void {
    const deltas = this.deltas.get(backend) ?? new ThreadDeltas(machineMs() - 1000 * second);
    this.deltas.set(backend, deltas);
    const lines = deltas
      .since(sides)
      .filter(({ seconds }) => seconds > 0)
      .map(({ side, thread, now, seconds, bytes, messages, dropped }) =>
        [
          ...[backend, second, side, thread, now.held, seconds.toFixed(3)],
          ...[bytes, messages ?? '', dropped ?? '', now.errors],
        ].join(','),
      );
    if (lines.length > 0) this.put(`${lines.join('\n')}\n`);
  }

  /** @throws Error what could not be written, such as ENOSPC. */
  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
    if (this.failure !== undefined) throw new Error(`--csv ${this.path}: ${this.failure.message}`);
  }

  /** The run goes on without it; the end says what went wrong. */
  private put(text: string): void {
    if (this.fd === undefined || this.failure !== undefined) return;
    try {
      writeSync(this.fd, text);
    } catch (error) {
      this.failure = error as Error;
    }
  }
}
