/** What a run of `pollux self-test` yields: plain data, as `--json` prints it. */
import type { Status } from './check.js';

export interface CheckReport {
  readonly name: string;
  readonly status: Status;
  /** How it failed, why it was skipped, or what is worth knowing of it. */
  readonly reason: string | null;
  readonly durationMs: number;
}

export interface PartReport {
  readonly area: string;
  /** Null where the area is about no backend. */
  readonly backend: string | null;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
  readonly checks: readonly CheckReport[];
}

export interface SelfTestReport {
  readonly pollux: string;
  /** 'Node 20.20.2' */
  readonly runtime: string;
  /** 'Linux 6.18.1' */
  readonly kernel: string;
  readonly arch: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
  readonly parts: readonly PartReport[];
  /** 'ok', or which checks failed. */
  readonly verdict: string;
}

/** @param part without its sums. */
export function partReport(part: Pick<PartReport, 'area' | 'backend' | 'durationMs' | 'checks'>): PartReport {
  const count = (status: Status) => part.checks.filter(check => check.status === status).length;
  const { area, backend, durationMs, checks } = part;
  const sums = { passed: count('pass'), failed: count('fail'), skipped: count('skip') };
  return { area, backend, ...sums, durationMs, checks };
}

/** 'conformance (epoll)' */
export function partName({ area, backend }: Pick<PartReport, 'area' | 'backend'>): string {
  return backend === null ? area : `${area} (${backend})`;
}

/** 'ok', or what failed, part by part. */
export function verdictOf(parts: readonly PartReport[]): string {
  const failed = parts.flatMap(part =>
    part.checks.filter(({ status }) => status === 'fail').map(({ name }) => `${partName(part)}: ${name}`),
  );
  return failed.length === 0 ? 'ok' : `failed: ${failed.join('; ')}`;
}
