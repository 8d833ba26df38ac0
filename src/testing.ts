/**
 * `pollux/testing`: the scenarios of the contract, for those who write a backend. docs/writing-a-backend.md shows their use.
 *
 *     const report = runConformance(myFactory);
 *     for (const row of report.rows) if (row.status === 'fail') console.log(row.name, row.reason);
 *
 * @packageDocumentation
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
} from './conformance/row.js';
export { runConformance, runRow, selectRows, type ConformanceOptions, type RowOptions } from './conformance/runner.js';
export type { Trial } from './conformance/trial.js';
export { realSubject, subjectNamed, subjectNames, type Subject } from './conformance/subject.js';
export type { World } from './conformance/world.js';
export { runProgram, type ExecutionOptions, type Outcome } from './lab/execution.js';
export type { Observation } from './lab/oracle.js';
export type { ChannelKind, EndOperation, Program, RegistrationMode, Step } from './lab/program.js';
export type { Rule } from './lab/violation.js';
