/** Live progress on standard error: one line rewritten on a terminal, a plain line a part elsewhere. */
import process from 'node:process';
import { logUpdateStderr } from 'log-update';
import type { PartPlan } from './part-process.js';
import { partName, type PartReport } from './report.js';

export class Progress {
  private readonly running = new Set<PartPlan>();
  private done = 0;
  private failed = 0;

  constructor(private readonly plans: readonly PartPlan[]) {}

  begin(plan: PartPlan): void {
    this.running.add(plan);
    this.show();
  }

  endOf(plan: PartPlan, report: PartReport): void {
    this.running.delete(plan);
    this.done++;
    this.failed += report.failed;
    this.show();
    if (process.stderr.isTTY) return;
    const { passed, failed, skipped } = report;
    process.stderr.write(`${partName(report)}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }

  end(): void {
    if (process.stderr.isTTY) logUpdateStderr.clear();
  }

  private show(): void {
    if (!process.stderr.isTTY) return;
    const names = [...this.running].map(plan => partName(plan)).join(', ');
    const failures = this.failed === 0 ? '' : ` · ${this.failed} failed`;
    logUpdateStderr(`${this.done} of ${this.plans.length} parts${failures} · ${names}`);
  }
}
