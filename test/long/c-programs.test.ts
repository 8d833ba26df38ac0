/** Each seeded bug found on epoll, shrunk and shown in C; and the C of programs that are right, which this kernel passes. */
import { expect } from 'chai';
import { REGISTRATION_MODES } from '../../src/backends/kit/modes.js';
import { backendFactory } from '../../src/backends/registry.js';
import { subjectNamed } from '../../src/verify/conformance/subject.js';
import { runCampaign } from '../../src/verify/lab/campaign.js';
import { cProgramOf } from '../../src/verify/lab/emit/c-program.js';
import { generateProgram } from '../../src/verify/lab/generation.js';
import { runPollux } from '../cli/run-pollux.js';
import {
  checkForKqueue,
  compileStrictly,
  lacksCompiler,
  programFolder,
  run,
  wrongKernel,
} from '../support/c-programs.js';
import { allSeededBugs, broken } from '../verify/lab/broken-backends.js';

const PROGRAMS = 1_000;
const RANDOM_PROGRAMS = 12;
const MOST_LINES = 99;

describe('C programs of the lab', () => {
  const folder = programFolder();

  before(function () {
    const reason = lacksCompiler();
    if (reason !== undefined || !backendFactory('epoll').probe().available) {
      this.test!.title += `: ${reason ?? 'there is no epoll'}`;
      this.skip();
    }
  });

  for (const { bug, breakIt } of allSeededBugs) {
    it(`finds a backend that ${bug}, and its program tells this kernel from one that does so`, () => {
      const { failure } = runCampaign({
        subject: broken(subjectNamed('epoll'), breakIt),
        modes: REGISTRATION_MODES,
        firstSeed: 1,
        unbatched: false,
        goesOn: programs => programs < PROGRAMS,
      });
      const program = cProgramOf(failure!, 'epoll', 'this kernel');
      if ('reason' in program) throw new Error(`${failure!.message}: ${program.reason}`);
      expect(program.text.split('\n').length - 1, program.text).to.be.at.most(MOST_LINES);
      const file = compileStrictly(folder, bug, program.text);
      expect(run(file)).to.include({ status: 0, stdout: '' });
      const wrong = run(file, bug);
      expect(wrong.status, wrong.stdout).to.equal(1);
    });
  }

  it('of random programs exit 0 on this kernel, and are right by the header of kqueue', () => {
    const kqueue: string[] = [];
    for (let seed = 1; seed <= RANDOM_PROGRAMS; seed++) {
      const program = generateProgram(seed);
      const failure = { seed, rule: 'lost', message: 'lost: nothing', step: 0, program, stepsBefore: 0 } as const;
      for (const subject of ['epoll', 'poll', 'kqueue']) {
        const made = cProgramOf({ ...failure, unbatched: seed % 4 === 0 }, subject, 'this kernel');
        if ('reason' in made) throw new Error(made.reason);
        if (subject === 'kqueue') kqueue.push(made.text);
        else
          expect(run(compileStrictly(folder, `${subject}-${seed}`, made.text))).to.include({ status: 0, stdout: '' });
      }
    }
    checkForKqueue(folder, kqueue);
  });

  it('are what the command prints on a kernel that is wrong', async () => {
    const bug = 'serves the first of many';
    const args = ['stress', 'events', '--backend', 'epoll', '--seed', '1', '--programs', '50', '--json', '--emit', 'c'];
    const { status, stdout } = await runPollux(args, { env: wrongKernel(bug) });
    expect(status).to.equal(1);
    const report = JSON.parse(stdout) as { backends: { reproduction: { c: string; js?: string } }[] };
    const { c, js } = report.backends[0].reproduction;
    expect(js).to.equal(undefined);
    const file = compileStrictly(folder, 'printed', c);
    expect(run(file)).to.include({ status: 0, stdout: '' });
    expect(run(file, bug).status).to.equal(1);
  });
});
