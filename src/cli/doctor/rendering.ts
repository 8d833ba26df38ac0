/** The doctor's findings for people: aligned columns, what is wrong and its remedy right below it. */
import type { BackendFinding, Examination } from './examination.js';
import type { FeatureFinding } from './features.js';
import type { LimitFinding } from './system-limits.js';

interface Line {
  readonly mark: string;
  readonly name: string;
  /** Columns after the name. */
  readonly texts: readonly string[];
  readonly fix: string | null;
}

export function renderExamination(findings: Examination): string {
  const { pollux, runtime, system, chosen, verdict } = findings;
  const memoryGiB = Math.round(system.memoryBytes / 2 ** 30);
  const machine = `${system.processors} processors, ${memoryGiB} GiB`;
  return [
    `Pollux ${pollux} · ${runtime.name} ${runtime.version} (${runtime.loop}) · ${system.kernel} ${system.arch} (${system.libc}) · ${machine}`,
    section('Backends', findings.backends.map(ofBackend)),
    chosen === null ? '' : `  A program that asks for nothing gets ${chosen.backend}: ${chosen.reason}.`,
    section('Features', findings.features.map(ofFeature)),
    section('Limits', findings.limits.map(ofLimit)),
    '',
    verdict === 'ok' ? 'Pollux runs here.' : `Pollux does not run here: ${verdict}`,
  ].join('\n');
}

function section(title: string, lines: readonly Line[]): string {
  const columns = lines.map(({ mark, name, texts }) => [mark, name, ...texts]);
  const widths = columns[0].map((_, index) => Math.max(...columns.map(column => column[index].length)));
  const rendered = lines.flatMap(({ fix }, row) => {
    const cells = columns[row].map((text, index) => text.padEnd(widths[index]));
    // A remedy stands under the name of what it remedies.
    return [`  ${cells.join('  ').trimEnd()}`, ...(fix === null ? [] : [`  ${' '.repeat(widths[0] + 2)}fix: ${fix}`])];
  });
  return ['', title, ...rendered].join('\n');
}

function ofBackend({ name, available, reason, fix, modes, description }: BackendFinding): Line {
  const does = modes === null ? '' : ` · ${modes.join(', ')} · a wait costs by what is ${description.waitCost}`;
  return { mark: available ? 'yes' : 'no', name, texts: [reason + does], fix };
}

function ofFeature({ name, available, reason, fix }: FeatureFinding): Line {
  return { mark: available ? 'yes' : 'no', name, texts: [reason], fix };
}

function ofLimit({ name, value, unit, status, effect, fix }: LimitFinding): Line {
  const known =
    status === 'unknown' ? 'unknown' : value === null ? 'no bound' : `${value.toLocaleString('en')} ${unit}`;
  return { mark: status === 'unknown' ? '?' : status, name, texts: [known, effect], fix };
}
