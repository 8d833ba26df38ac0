/** Limits of the process and of the backend: they are said, and what works goes on working. */
import { READABLE } from '../../../backends/contract.js';
import { expectAtLeast, expectEqual } from '../expectation.js';
import type { Row } from '../row.js';

/** Filling a backend with more than this would take descriptors that few processes have. */
const FILLABLE = 4_096;

export const limitRows: readonly Row[] = [
  {
    name: 'regression 8: a full backend refuses with ENOSPC or ENOMEM, and serves those it has',
    why: 'A listener that is silently not watched is worse than one that fails.',
    needs: { registrationsAtMost: FILLABLE },
    run(t) {
      const [reader, writer] = t.pipe();
      const tokens = [t.register(reader, READABLE)];
      let refusal = 'none';
      while (tokens.length <= FILLABLE && refusal === 'none') {
        const copy = t.dup(reader);
        try {
          tokens.push(t.register(copy, READABLE));
        } catch (error) {
          refusal = (error as { code?: string }).code ?? String(error);
        }
      }
      expectEqual(
        refusal === 'ENOSPC' || refusal === 'ENOMEM',
        true,
        `the refusal is ENOSPC or ENOMEM (it was ${refusal})`,
      );
      expectAtLeast(tokens.length, 2, 'registrations that it took');
      t.world.write(writer);
      t.waitForAll(tokens, READABLE);
    },
  },
];
