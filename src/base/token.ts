/**
 * A token names one life of one slot: the slot is an index into a table, the generation counts how often that slot
 * was given out. The kernel carries both as two 32-bit words, so an event that was meant for an earlier owner of the
 * slot is recognised and dropped.
 *
 * In JavaScript a token is one exact integer: generation * 2^21 + slot (53 bits). It is a number and not an object, so
 * that tokens live in a Float64Array; it is not a BigInt, so that reading one allocates nothing.
 */
export type Token = number;

const SLOT_BITS = 21;
const SLOT_RANGE = 2 ** SLOT_BITS;
const SLOT_MASK = SLOT_RANGE - 1;
const GENERATION_RANGE = 2 ** 32;

/** The most slots that a table of tokens can have. */
export const MAX_SLOTS = SLOT_RANGE;

/** A token that no table gives out. */
export const NO_TOKEN: Token = -1;

/**
 * Makes a token of a slot and a generation.
 *
 * @param generation 0 to 2^32 - 1, unsigned.
 */
export function tokenOf(slot: number, generation: number): Token {
  return generation * SLOT_RANGE + slot;
}

/** The index that `token` names. Exact, since ToInt32 keeps the low bits of any 53-bit integer. */
export function slotOf(token: Token): number {
  return token & SLOT_MASK;
}

/** The generation of a token. */
export function generationOf(token: Token): number {
  return Math.floor(token / SLOT_RANGE);
}

/** The generation after `generation`; wraps to 0 after 2^32 lives of one slot. */
export function nextGeneration(generation: number): number {
  return (generation + 1) % GENERATION_RANGE;
}
