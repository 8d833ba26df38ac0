/**
 * `pollux/testing`: the scenarios of the contract, for those who write a backend. docs/writing-a-backend.md shows their
 * use.
 *
 *     const report = runConformance(myFactory);
 *     for (const row of report.rows) if (row.status === 'fail') console.log(row.name, row.reason);
 *
 * @module pollux/testing
 */
export type {
  BackendGate,
  ConformanceReport,
  Gate,
  Needs,
  Row,
  RowResult,
  Theme,
  ThemedRow,
} from './verify/conformance/row.js';
export {
  runConformance,
  runRow,
  selectRows,
  type ConformanceOptions,
  type RowOptions,
} from './verify/conformance/runner.js';
export type { Trial } from './verify/conformance/trial.js';
export { realSubject, subjectNamed, subjectNames, type Subject } from './verify/conformance/subject.js';
export type { World } from './verify/conformance/world.js';
export { runProgram, type ExecutionOptions, type Outcome } from './verify/lab/execution.js';
export type { Observation } from './verify/lab/oracle.js';
export type { ChannelKind, EndOperation, Program, Step } from './verify/lab/program.js';
export type { Rule } from './verify/lab/violation.js';
