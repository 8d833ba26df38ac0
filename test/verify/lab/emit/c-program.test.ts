/** The C programs of the seeded bugs: this kernel passes them, one that has the bug does not. */
import { expect } from 'chai';
import { subjectNamed } from '../../../../src/verify/conformance/subject.js';
import type { Failure } from '../../../../src/verify/lab/campaign.js';
import { cProgramOf } from '../../../../src/verify/lab/emit/c-program.js';
import { runProgram } from '../../../../src/verify/lab/execution.js';
import type { Program, Step } from '../../../../src/verify/lab/program.js';
import type { Rule } from '../../../../src/verify/lab/violation.js';
import { backendFactory } from '../../../../src/backends/registry.js';
import { checkForKqueue, compileStrictly, lacksCompiler, programFolder, run } from '../../../support/c-programs.js';
import { allSeededBugs, broken } from '../broken-backends.js';

const MOST_LINES = 99;

/** What the campaigns shrink each bug to, so that no time goes into finding it again. */
const SHRUNK: Readonly<Record<string, readonly Step[]>> = {
  'drops the change after a bad one': [
    { op: 'register', end: 0, interest: 1, mode: 'level' },
    { op: 'unregister', end: 0 },
    { op: 'register', end: 1, interest: 1, mode: 'level' },
    { op: 'modify-dead' },
    { op: 'modify', end: 1, interest: 2 },
  ],
  'delivers a stale token': [
    { op: 'register', end: 0, interest: 2, mode: 'level' },
    { op: 'change-mode', end: 0, interest: 2, mode: 'level' },
  ],
  'delivers a oneshot twice': [
    { op: 'register', end: 0, interest: 2, mode: 'oneshot' },
    { op: 'wait', timeoutMs: 0 },
  ],
  'loses an edge when it is armed again': [
    { op: 'register', end: 0, interest: 1, mode: 'edge' },
    { op: 'modify', end: 0, interest: 2 },
  ],
  'swallows a wake': [{ op: 'wake' }, { op: 'wait', timeoutMs: 0 }, { op: 'wake' }],
  'serves the first of many': [0, 1, 2].map(end => ({ op: 'register', end, interest: 2, mode: 'level' })),
  'lets timers come at once': [{ op: 'timer', delayMs: 20 }],
  'reports a timer twice': [
    { op: 'timer', delayMs: 1 },
    { op: 'wait', timeoutMs: 5_000 },
    { op: 'wait', timeoutMs: 0 },
  ],
  'loses a timer': [{ op: 'timer', delayMs: 1 }],
  'goes on with a timer that was stopped': [{ op: 'timer', delayMs: 1 }, { op: 'stop-timer' }],
  'puts timers last': [
    { op: 'register', end: 0, interest: 2, mode: 'level' },
    { op: 'register', end: 1, interest: 2, mode: 'level' },
    { op: 'timer', delayMs: 0 },
    { op: 'timer', delayMs: 0 },
  ],
};
function programOf(bug: string): Program {
  return { maxEvents: bug === 'puts timers last' ? 1 : 64, channels: ['unix', 'unix'], steps: SHRUNK[bug] };
}

function failure(program: Program, rule: Rule, message: string = rule): Failure {
  return { seed: 1, rule, message, step: 0, program, stepsBefore: program.steps.length, unbatched: false };
}

function textOf(failed: Failure, subject: string): string {
  const program = cProgramOf(failed, subject, 'a kernel');
  if ('reason' in program) throw new Error(program.reason);
  return program.text;
}

describe('the C program of a violation', () => {
  const folder = programFolder();

  before(function () {
    // Its skip says why in the report of mocha.
    const reason = lacksCompiler();
    if (reason !== undefined) {
      this.test!.title += `: ${reason}`;
      this.skip();
    }
  });

  for (const { bug, breakIt } of allSeededBugs) {
    it(`of a backend that ${bug} exits 0 on this kernel, and 1 on a kernel that does so`, function () {
      if (!backendFactory('epoll').probe().available) this.skip();
      const program = programOf(bug);
      const violation = runProgram(broken(subjectNamed('epoll'), breakIt), program, { timerGraceMs: 50 }).violation!;
      const text = textOf(failure(program, violation.rule, violation.message), 'epoll');
      expect(text.trimEnd().split('\n')).to.have.lengthOf.at.most(MOST_LINES);
      const file = compileStrictly(folder, bug, text);
      expect(run(file)).to.include({ status: 0, stdout: '' });
      const wrong = run(file, bug);
      expect(wrong.status, wrong.stdout).to.equal(1);
      expect(wrong.stdout).to.match(/^line \d+, end -?\d+: /);
    });
  }

  it('for kqueue is right by the documented header', () => {
    const texts = allSeededBugs.map(({ bug }) => textOf(failure(programOf(bug), 'lost'), 'kqueue'));
    texts.push(
      textOf(failure(programOf('puts timers last'), 'starved', 'starved: end 0 was passed over'), 'model:freebsd-14'),
    );
    for (const text of texts) expect(text.split('\n').length - 1, text).to.be.at.most(MOST_LINES);
    checkForKqueue(folder, texts);
  });

  it('for poll exits 0 on this kernel', () => {
    const file = compileStrictly(
      folder,
      'poll',
      textOf(failure(programOf('serves the first of many'), 'lost'), 'poll'),
    );
    expect(run(file)).to.include({ status: 0, stdout: '' });
  });

  it('is not there where the bug can’t be the kernel’s, and says why', () => {
    const program = programOf('swallows a wake');
    for (const [rule, subject, why] of [
      ['counters', 'epoll', /counts/],
      ['oneshot', 'poll', /no registrations/],
      ['lost', 'io_uring', /no C is written for the backend io_uring/],
      ['lost', 'mine', /no C is written for the backend mine/],
    ] as const) {
      expect(cProgramOf(failure(program, rule), subject, 'a kernel'))
        .to.have.property('reason')
        .that.matches(why);
    }
  });
});
