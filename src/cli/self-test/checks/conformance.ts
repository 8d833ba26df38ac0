/** The scenarios of the backend contract, a check each. */
import type { BackendFactory } from '../../../backends/contract.js';
import { runRow, selectRows } from '../../../verify/conformance/runner.js';
import { Inapplicable, type Check } from '../check.js';

export function conformanceChecks(factory: BackendFactory): readonly Check[] {
  return selectRows().map(row => ({
    name: row.name,
    run() {
      const { status, reason } = runRow(factory, row);
      if (status === 'skip') throw new Inapplicable(reason);
      if (status === 'fail') throw new Error(reason);
    },
  }));
}
