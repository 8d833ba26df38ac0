/** Where lines of logs go: a file that keeps nobody waiting, or whatever takes lines. */
import { kindOf } from '../../base/arguments.js';
import { described } from '../../base/option-schema.js';
import { required } from '../../base/options.js';

/** What takes lines, and never blocks: a destination of pino (`sonic-boom`), or `{ write: line => … }`. */
export interface LineSink {
  /** @param line with its end. */
  write(line: string): unknown;
  /** Opens its file anew, which was renamed. */
  reopen?(): void;
  /** No more is written. */
  end?(): void;
}

function checkSink(name: string, given: string | LineSink): void {
  if (typeof given === 'string' ? given !== '' : typeof (given as Partial<LineSink> | null)?.write === 'function')
    return;
  throw new TypeError(`${name}: ${kindOf(given)}; allowed: a file, or an object with write(line)`);
}

/** The row of a table for a sink. */
export const LINE_SINK = described(required(checkSink), { type: 'string', minLength: 1 });

/** Lines that wait for a slow disk; what comes beyond them is thrown away. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** @throws Error (by the promise) sonic-boom is not installed; what opening the file throws. */
export async function openSink(to: string | LineSink): Promise<LineSink> {
  return typeof to === 'string' ? await openFile(to) : to;
}

async function loadSonicBoom() {
  try {
    return await import('sonic-boom');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('log: the package sonic-boom is not installed; npm install sonic-boom', { cause: error });
  }
}

async function openFile(path: string): Promise<LineSink> {
  const { default: boom } = await loadSonicBoom();
  const bounds = { maxLength: MAX_WAITING_BYTES, minLength: 4096, periodicFlush: 500 };
  const sink = new boom.SonicBoom({ dest: path, sync: false, append: true, ...bounds });
  await new Promise<void>((resolve, reject) => {
    sink.once('ready', resolve);
    sink.once('error', reject);
  });
  // A disk that is full takes nothing for a while: serving goes on.
  sink.on('error', (failure: Error) => process.emitWarning(failure.message, 'PolluxAccessLogWarning'));
  return sink;
}
