/** Finds the benchmarks: every file directly in bench/ but the command itself is one. */
import { readdirSync } from 'node:fs';
import type { Benchmark } from './benchmark.js';

const directory = new URL('../', import.meta.url);

/** All benchmarks, by name. @throws TypeError a file in bench/ that exports no `benchmark`. */
export async function loadBenchmarks(): Promise<Benchmark[]> {
  const files = readdirSync(directory).filter(file => file.endsWith('.js') && file !== 'main.js');
  return await Promise.all(
    files.sort().map(async file => {
      const { benchmark } = (await import(new URL(file, directory).href)) as { benchmark?: Benchmark };
      if (benchmark === undefined) throw new TypeError(`bench/${file}: does not export 'benchmark'`);
      return benchmark;
    }),
  );
}
