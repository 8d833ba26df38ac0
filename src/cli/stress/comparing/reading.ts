/** Results of earlier runs, read from files, and whether two sets of them are of the same experiment. */
import { readFileSync } from 'node:fs';
import type { BackendResult, StressReport } from '../result.js';

/** What has to be the same. Backends, modes, versions, kernels and durations may be what is compared. */
const SAME = ['sides', 'transport', 'threads', 'connections', 'rate', 'message', 'datagrams'] as const;

/**
 * @param paths with commas between them: several runs of the same.
 * @throws Error a file that is missing, cut, or something else than a result.
 */
export function readReports(paths: string): StressReport[] {
  const reports = paths.split(',').map(readReport);
  for (const [index, report] of reports.entries()) checkSame(reports[0], report, paths.split(',')[index]);
  return reports;
}

function readReport(path: string): StressReport {
  let report: unknown;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { message } = error as Error;
    const why = error instanceof SyntaxError ? `no JSON, or cut in the middle: ${message}` : message;
    throw new Error(`${path}: ${why}`, { cause: error });
  }
  if (!isReport(report)) {
    throw new Error(`${path}: no result of 'pollux stress --json' of this version; run it again`);
  }
  const bad = report.results.find(({ server, client }) => server === null && client === null);
  if (bad !== undefined || report.results.length === 0) {
    throw new Error(`${path}: that run has no result: ${report.verdict}`);
  }
  return report;
}

function isReport(value: unknown): value is StressReport {
  if (typeof value !== 'object' || value === null) return false;
  const { asked, results } = value as Partial<StressReport>;
  if (typeof asked !== 'object' || asked === null || !Array.isArray(results)) return false;
  const hasSamples = ({ server, client }: BackendResult) =>
    [server, client].every(side => side === null || Array.isArray(side.perSecond));
  return SAME.every(name => name in asked) && (results as BackendResult[]).every(hasSamples);
}

/** @throws Error they are of different experiments: what differs, and how. */
export function checkSame(one: StressReport, other: StressReport, name: string): void {
  for (const field of SAME) {
    if (one.asked[field] === other.asked[field]) continue;
    const [first, second] = [one, other].map(({ asked }) => String(asked[field] ?? 'none'));
    throw new Error(`${name}: can't be compared: ${field} is ${second} there, and ${first} in the other`);
  }
}

/**
 * The results of both that belong together: those of the same backend, or one of each.
 *
 * @throws Error there are none.
 */
export function matching(one: readonly StressReport[], other: readonly StressReport[]): [string, string][] {
  const names = ([{ results }]: readonly StressReport[]) => results.map(({ backend }) => backend);
  const [first, second] = [names(one), names(other)];
  const common = first.filter(name => second.includes(name));
  if (common.length > 0) return common.map(name => [name, name]);
  if (first.length === 1 && second.length === 1) return [[first[0], second[0]]];
  throw new Error(`can't be compared: one has ${first.join(', ')}, the other ${second.join(', ')}`);
}
