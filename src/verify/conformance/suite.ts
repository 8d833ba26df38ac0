/** All rows, in the order in which they run. */
import type { Row, Theme, ThemedRow } from './row.js';
import { batchingRows } from './rows/batching.js';
import { capacityRows } from './rows/capacity.js';
import { endOfStreamRows } from './rows/end-of-stream.js';
import { errorRows } from './rows/errors.js';
import { identityRows } from './rows/identity.js';
import { kindsRows } from './rows/kinds.js';
import { limitRows } from './rows/argument-limits.js';
import { modeRows } from './rows/modes.js';
import { pendingRows } from './rows/pending.js';
import { registrationRows } from './rows/registration.js';
import { sourceRows } from './rows/sources.js';
import { timeRows } from './rows/time.js';
import { wakeRows } from './rows/wake.js';

const rowsByTheme: Readonly<Record<Theme, readonly Row[]>> = {
  registration: registrationRows,
  modes: modeRows,
  pending: pendingRows,
  identity: identityRows,
  'end of stream': endOfStreamRows,
  errors: errorRows,
  kinds: kindsRows,
  wake: wakeRows,
  time: timeRows,
  batching: batchingRows,
  capacity: capacityRows,
  limits: limitRows,
  sources: sourceRows,
};

export const suite: readonly ThemedRow[] = Object.entries(rowsByTheme).flatMap(([theme, rows]) =>
  rows.map(row => ({ ...row, theme: theme as Theme })),
);
