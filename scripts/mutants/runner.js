// Runs Mocha inside Stryker's worker: a mutant costs the tests that reach it instead of a process with all tests. Stryker's own
// runner of this kind loads parts of Mocha that Mocha 12 does not have.
import process from 'node:process';
import fc from 'fast-check';
import Mocha from 'mocha';

const [PASSED, FAILED] = [0, 1];

export class MochaRunner {
  static inject = ['options'];

  #files;
  #skipped;
  /** Where mutated code looks which mutant is on, and counts what it reaches. */
  #switch = (globalThis.__stryker__ ??= {});
  #mocha;
  #beforeEach;

  constructor({ mochaFiles, mochaSkip }) {
    this.#files = mochaFiles;
    this.#skipped = mochaSkip;
  }

  /** Modules can't be loaded twice: for a mutant of what runs while they load, Stryker starts a new worker. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun({ coverageAnalysis, disableBail }) {
    if (coverageAnalysis === 'perTest') this.#beforeEach = test => (this.#switch.currentTestId = test.fullTitle());
    const tests = await this.#run({ bail: !disableBail });
    this.#beforeEach = undefined;
    return { status: 'complete', tests, mutantCoverage: this.#switch.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, disableBail, hitLimit, mutantActivation }) {
    this.#switch.hitLimit = hitLimit;
    this.#switch.hitCount = hitLimit === undefined ? undefined : 0;
    if (mutantActivation === 'static') this.#activate(activeMutant.id);
    const tests = await this.#run({
      mutant: activeMutant.id,
      only: testFilter && new Set(testFilter),
      bail: !disableBail,
    });
    if (this.#switch.hitCount > hitLimit) return { status: 'timeout', reason: 'goes round and round' };
    const failed = tests.filter(({ status }) => status === FAILED);
    if (failed.length === 0) return { status: 'survived', nrOfTests: tests.length };
    const killedBy = failed.map(({ id }) => id);
    return { status: 'killed', failureMessage: failed[0].failureMessage, killedBy, nrOfTests: tests.length };
  }

  /** For the threads and processes that a test starts too. */
  #activate(id) {
    this.#switch.activeMutant = id;
    if (id !== undefined) process.env.__STRYKER_ACTIVE_MUTANT__ = id;
  }

  async #run({ mutant, only, bail }) {
    await this.#load();
    this.#activate(mutant);
    const mocha = this.#mocha;
    mocha.suite.eachTest(test => {
      const title = test.fullTitle();
      test.pending =
        !test.fn || this.#skipped.some(part => title.includes(part)) || (only !== undefined && !only.has(title));
    });
    setBail(mocha.suite, bail);
    const tests = [];
    await new Promise(resolve => {
      const runner = mocha.run(resolve);
      runner.on('pass', test => tests.push(resultOf(test, { status: PASSED })));
      runner.on('fail', (test, error) => {
        const failureMessage = error.message || String(error.stack);
        tests.push(resultOf(test.ctx?.currentTest ?? test, { status: FAILED, failureMessage }));
      });
    });
    return tests;
  }

  async #load() {
    if (this.#mocha !== undefined) return;
    // A property that fails has noticed: nobody wants the smallest example. And what it needs a thousand tries for is luck.
    fc.configureGlobal({ endOnFailure: true });
    process.env.POLLUX_RUNS ??= '0.2';
    const mocha = new Mocha({ reporter: class {}, timeout: 0 });
    mocha.cleanReferencesAfterRun(false);
    for (const file of this.#files) mocha.addFile(file);
    const runner = this;
    mocha.suite.beforeEach(function () {
      runner.#beforeEach?.(this.currentTest);
    });
    await mocha.loadFilesAsync();
    this.#mocha = mocha;
  }
}

function setBail(suite, bail) {
  suite.bail(bail);
  for (const inner of suite.suites) setBail(inner, bail);
}

function resultOf(test, outcome) {
  const id = test.fullTitle();
  return { id, name: id, fileName: test.file, timeSpentMs: test.duration ?? 0, ...outcome };
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'mocha-in-worker', injectableClass: MochaRunner }];
