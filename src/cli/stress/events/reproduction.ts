/** The programs that show a failure again: a module for the backend, C for the kernel under it. */
import type { Failure } from '../../../verify/lab/campaign.js';
import { cProgramOf } from '../../../verify/lab/emit/c-program.js';
import { scriptOf } from '../../../verify/lab/script.js';

/** In which language. */
export type EmittedLanguage = 'c' | 'js';

export interface Reproduction {
  readonly js?: string;
  readonly c?: string;
  /** Why there is no C, where it was asked for. */
  readonly noC?: string;
}

/** @param languages those that were asked for. @param kernel on which it failed. */
export function reproductionOf(
  failure: Failure,
  backend: string,
  kernel: string,
  languages: readonly EmittedLanguage[],
): Reproduction {
  const js = languages.includes('js') ? { js: scriptOf(failure.program, backend, failure.unbatched) } : {};
  if (!languages.includes('c')) return js;
  const program = cProgramOf(failure, backend, kernel);
  return 'text' in program ? { ...js, c: program.text } : { ...js, noC: program.reason };
}
