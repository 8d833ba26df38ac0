/** Several copies of this package in one thread, as package managers and test runners leave them. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { packageFile } from '../../src/base/package-file.js';
import { VERSION } from '../../src/base/thread-state.js';
import { builtInBackends } from '../backends/built-in-backends.js';
import { runProgram } from './child.js';

async function answerOf(scene: string, backend?: string): Promise<unknown> {
  const { status, stdout, stderr } = await runProgram('copies', { args: [scene], backend });
  expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('api: copies of the package in one thread', () => {
  for (const backend of builtInBackends()) {
    it(`share one reactor, which rests when there is nothing to do (${backend})`, async () => {
      expect(await answerOf('one version', backend)).to.deep.equal({
        answers: ['ping', 'ping', 'ping', 'ping', 'ping', 'ping'],
        reactors: 1,
        isCalm: true,
      });
    });
  }

  it("take each other's objects, if they are of one version", async () => {
    expect(await answerOf('objects of another copy')).to.deep.equal({
      isWhole: true,
      list: 'of a list',
      cancelled: 'transfer: ECANCELED, the transfer was cancelled',
      isKnown: true,
      isDerived: false,
    });
  });

  it('of two versions the second is refused while the first is in use', async () => {
    const refusal = (first: string, second: string) =>
      `startReactor: EALREADY, this thread has a reactor of another version of Pollux (${first}, URL), which is in use; this is ${second}, URL. ` +
      'A thread has one reactor: install one version, or use the other one in a worker';
    expect(await answerOf('two versions')).to.deep.equal({
      answers: ['ping', 'ping', 'ping'],
      refused: [
        refusal(VERSION, '0.0.9'),
        `a: Connection of another version of Pollux (${VERSION}, URL); allowed: a Connection`,
        'beneath: Directory of another version of Pollux (0.0.9, URL); allowed: a path or a Directory',
      ],
      refusedThen: refusal('0.0.9', VERSION),
    });
  });

  it('know their version', () => {
    const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
    expect(VERSION).to.equal(version);
  });
});
