import type { IoError } from '../../src/index.js';

/** The code of the IoError that `run` throws; 'none' if it throws nothing. */
export function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as IoError).code;
  }
  return 'none';
}
