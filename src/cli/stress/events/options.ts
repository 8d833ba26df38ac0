/** The options of `pollux stress events`, checked. */
import { InvalidArgumentError } from 'commander';
import type { RegistrationMode } from '../../../backends/contract.js';
import { REGISTRATION_MODES } from '../../../backends/kit/modes.js';
import type { EmittedLanguage } from './reproduction.js';

const MOST_BATCH = 65_536;
const MOST_THREADS = 64;
const LANGUAGES: readonly EmittedLanguage[] = ['c', 'js'];

export interface EventsOptions {
  readonly backend: string;
  readonly seed?: number;
  readonly programs?: number;
  readonly duration?: number;
  readonly compare?: readonly string[];
  readonly batch?: readonly number[];
  readonly mode: readonly RegistrationMode[];
  readonly threads: number;
  readonly emit: readonly EmittedLanguage[];
  readonly unbatched?: boolean;
  readonly json?: boolean;
}

export function parseSeed(text: string): number {
  return integer(text, 0, 2 ** 32 - 1);
}

export function parsePrograms(text: string): number {
  return integer(text, 1, 1_000_000_000);
}

export function parseThreads(text: string): number {
  return integer(text, 1, MOST_THREADS);
}

/** '1,8,64' */
export function parseBatches(text: string): number[] {
  return text.split(',').map(each => integer(each, 1, MOST_BATCH));
}

/** 'c', 'js' or 'c,js' */
export function parseLanguages(text: string): EmittedLanguage[] {
  return text.split(',').map(each => {
    const language = LANGUAGES.find(known => known === each);
    if (language === undefined) throw new InvalidArgumentError(`Allowed: ${LANGUAGES.join(', ')}, with a comma.`);
    return language;
  });
}

export function parseModes(text: string): RegistrationMode[] {
  return text.split(',').map(each => {
    const mode = REGISTRATION_MODES.find(known => known === each);
    if (mode === undefined) throw new InvalidArgumentError(`Allowed: ${REGISTRATION_MODES.join(', ')}, with commas.`);
    return mode;
  });
}

/** @param known the names that there are. */
export function parseBackends(known: readonly string[]) {
  return (text: string): string[] => {
    const names = text.split(',');
    if (names.length < 2 || names.some(name => !known.includes(name))) {
      throw new InvalidArgumentError(`Allowed: two or more of ${known.join(', ')}, with commas.`);
    }
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) throw new InvalidArgumentError(`${twice} stands there twice. Allowed: different ones.`);
    return names;
  };
}

function integer(text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Allowed: integers from ${least} to ${most}.`);
  return value;
}
