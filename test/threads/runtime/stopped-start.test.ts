/** A process that is told to end while the threads of its runtime are starting. */
import { expect } from 'chai';
import { runProgram, type Finished } from '../../api/child.js';

const STOPPED = 'start: ECANCELED, the runtime was stopped before all of its workers ran';

function run(way: string, signal: NodeJS.Signals): Promise<Finished> {
  return runProgram('stopped-start', { args: [way], signal });
}

/** What it says in the end. */
function told(terminated: readonly string[]): string {
  const names = terminated.map(name => `'${name}'`).join(', ');
  const end = terminated.length === 0 ? '{ terminated: [] }' : `{ terminated: [ ${names} ] }`;
  return `ready\n${STOPPED}\n${end}\n{ descriptors: 0, listeners: 0 }\n`;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  describe(`a process that gets ${signal} while its runtime starts`, () => {
    for (const way of ['at once', 'slow']) {
      it(`drains, ends by itself and leaves nothing open: ${way}`, async () => {
        expect(await run(way, signal)).to.deep.equal({ status: 0, signal: null, stdout: told([]), stderr: '' });
      });
    }

    it('terminates the threads whose entries are not through at the deadline', async () => {
      const stdout = told(['worker 0', 'worker 1']);
      expect(await run('never through', signal)).to.deep.equal({ status: 0, signal: null, stdout, stderr: '' });
    });

    it('ends with an uncaught error, if nobody minds that start rejects', async () => {
      const { stderr, ...end } = await run('uncaught', signal);
      expect(end).to.deep.equal({ status: 1, signal: null, stdout: 'ready\n' });
      expect(stderr).to.include(`Error: ${STOPPED}`);
    });
  });
}
