/** The published suite as mocha tests: one a row, skipped rows with their reason. For backends of 'pollux/backends'. */
import type { BackendFactory } from 'pollux/backends';
import { runRow, selectRows, type RowOptions } from 'pollux/testing';
import { describeThreads } from './describe-threads.js';

export function describeConformance(factory: BackendFactory, options: RowOptions = {}): void {
  const probe = factory.probe();
  describe(`conformance of ${factory.name}`, () => {
    if (!probe.available) {
      it.skip(`does not run here: ${probe.reason}`);
      return;
    }
    for (const row of selectRows()) {
      it(`${row.theme}: ${row.name}`, function () {
        const result = runRow(factory, row, options);
        if (result.status === 'fail') throw new Error(result.reason);
        if (result.status === 'skip') {
          this.test!.title += ` (skipped: ${result.reason})`;
          this.skip();
        }
      });
    }
    describeThreads(factory);
  });
}
