/** What `pollux self-test` prints for people: a table, then what failed, then what was skipped, and why. */
import { partName, type CheckReport, type PartReport, type SelfTestReport } from './report.js';

const HEAD = ['area', 'backend', 'passed', 'failed', 'skipped', 'seconds'];
const NUMBERS_FROM = 2;

export function reportText(report: SelfTestReport): string {
  const { parts, passed, failed, skipped, durationMs, verdict, pollux, kernel, arch, runtime } = report;
  const sums = `${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds(durationMs)} s`;
  return [
    `Pollux ${pollux} on ${kernel} ${arch} with ${runtime}\n`,
    table(parts),
    ...parts.flatMap(part => failures(part)),
    ...skips(parts),
    `\n${verdict === 'ok' ? 'ok' : 'FAILED'}: ${sums}\n`,
  ].join('\n');
}

function table(parts: readonly PartReport[]): string {
  const rows = parts.map(part => [
    part.area,
    part.backend ?? '',
    String(part.passed),
    String(part.failed),
    String(part.skipped),
    seconds(part.durationMs),
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < NUMBERS_FROM ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ');
  return [HEAD, ...rows].map(line).join('\n');
}

function failures(part: PartReport): string[] {
  return part.checks
    .filter(({ status }) => status === 'fail')
    .map(({ name, reason }) => `\nFAILED  ${partName(part)}: ${name}\n${indented(reason ?? '')}`);
}

/** Checks that were skipped for one reason are told once. */
function skips(parts: readonly PartReport[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const part of parts) {
    for (const check of part.checks) {
      if (check.status !== 'skip') continue;
      const reason = check.reason ?? '';
      const told = byReason.get(reason);
      if (told === undefined) byReason.set(reason, [what(part, check)]);
      else told.push(what(part, check));
    }
  }
  return [...byReason].map(
    ([reason, checks]) =>
      `\nskipped  ${checks[0]}${checks.length === 1 ? '' : `, and ${checks.length - 1} more`}\n${indented(reason)}`,
  );
}

function what(part: PartReport, { name }: CheckReport): string {
  return `${partName(part)}: ${name}`;
}

function indented(text: string): string {
  return text
    .split('\n')
    .map(line => `    ${line}`)
    .join('\n');
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(1);
}
