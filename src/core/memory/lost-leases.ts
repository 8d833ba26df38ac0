/**
 * Debug mode: tells of chunks whose last holder forgot to release them. A lease on loan is referenced by its holders
 * alone, so when the garbage collector finds one, nobody is left who could give it back.
 */

/** What is known of a lease once it is gone. It must not refer to the lease, which would keep it alive. */
export interface LoanRecord {
  /** The stack of the call that leased the chunk; undefined while the chunk is not on loan. */
  leasedAt: string | undefined;
}

const lost = new FinalizationRegistry<LoanRecord>(({ leasedAt }) => {
  // A lease that was not on loan went with its block or its slab.
  if (leasedAt === undefined) return;
  process.emitWarning(`a chunk was never released; leased here:\n${leasedAt}`, 'PolluxLeakWarning');
});

/** @returns the record that the slab keeps up to date. */
export function recordLoans(lease: object): LoanRecord {
  const record: LoanRecord = { leasedAt: undefined };
  lost.register(lease, record);
  return record;
}
