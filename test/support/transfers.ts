import {
  startTransfer,
  TRANSFER_OPTIONS,
  type Transfer,
  type TransferEngine,
  type TransferOptions,
} from '../../src/api/transfer/transfer.js';

/** A transfer by an engine of the test's own, which is under way. */
export function begun<Account extends object, Plan>(
  engine: TransferEngine<Account, Plan>,
  plan: Plan,
  options: TransferOptions = {},
): Transfer<Account> {
  return startTransfer({ engine, table: TRANSFER_OPTIONS, options, prepare: () => plan });
}
