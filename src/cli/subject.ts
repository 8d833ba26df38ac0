/**
 * What a command puts to the test, by the name that the user gave, or by POLLUX_BACKEND: models are taken there too.
 */
import process from 'node:process';
import type { Command } from 'commander';
import { chooseBackend } from '../backends/registry.js';
import { subjectNamed, type Subject } from '../verify/conformance/subject.js';

const FAILED = 1;
const BAD_USAGE = 2;

/** Ends the command with 2 for a name that there is not, with `unavailable` for a backend that does not run here. */
export function subjectOf(name: string, command: Command, unavailable = FAILED): Subject {
  const fromEnvironment = name === 'auto' ? process.env.POLLUX_BACKEND : undefined;
  const wanted = fromEnvironment || name;
  try {
    if (wanted.startsWith('model:')) return subjectNamed(wanted);
    const { backend } = chooseBackend(wanted);
    backend.close();
    return subjectNamed(wanted === 'auto' ? backend.name : wanted);
  } catch (error) {
    const from = fromEnvironment ? 'POLLUX_BACKEND: ' : '';
    const exitCode = error instanceof TypeError ? BAD_USAGE : unavailable;
    return command.error(`error: ${from}${(error as Error).message}`, { exitCode });
  }
}

/** Several that are to be compared, each of which has to run here. */
export function subjectsOf(names: readonly string[], command: Command): Subject[] {
  return names.map(name => subjectOf(name, command, BAD_USAGE));
}
