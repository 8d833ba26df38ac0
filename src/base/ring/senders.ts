/** Who sends: the slots of a ring, and what happens to a record whose sender has died. */
import {
  ABANDONED,
  ASLEEP,
  CHANNEL,
  CLAIM_START,
  CLAIM_UNITS,
  COMMITTED,
  FREE,
  LENGTH,
  OWNER,
  OWNER_WAKE,
  READ,
  RESERVED,
  REVOCABLE,
  STATE,
  TAG,
  UNIT_BYTES,
  WAITING,
  WAKING,
  senderOf,
  stateOf,
  type RingMemory,
} from './layout.js';

/**
 * Takes a free slot.
 *
 * @param owner a number from 0 that names the thread, for `releaseSenders`.
 * @returns the slot's number, or -1: all are taken.
 */
export function claimSlot(memory: RingMemory, owner: number): number {
  for (let sender = 0; sender < memory.senderCount; sender++) {
    if (Atomics.compareExchange(memory.words, memory.slot(sender) + OWNER, 0, owner + 1) === 0) return sender;
  }
  return -1;
}

/**
 * Frees the slots of a thread that has ended, however it did. A record that it had reserved and not committed becomes one
 * to skip. The caller wakes the receiver after it: the thread may have died when that fell to it.
 *
 * @returns how many slots it had.
 */
export function releaseSenders(memory: RingMemory, owner: number): number {
  let released = 0;
  for (let sender = 0; sender < memory.senderCount; sender++) {
    if (Atomics.load(memory.words, memory.slot(sender) + OWNER) !== owner + 1) continue;
    releaseSlot(memory, sender);
    released++;
  }
  return released;
}

/** Frees one slot: that of the calling thread, or of one that has ended. */
export function releaseSlot(memory: RingMemory, sender: number): void {
  const { words } = memory;
  const slot = memory.slot(sender);
  abandonClaim(memory, sender);
  Atomics.store(words, slot + WAITING, 0);
  Atomics.store(words, slot + WAKING, 0);
  Atomics.store(words, slot + OWNER_WAKE, 0);
  Atomics.store(words, slot + OWNER, 0);
}

/**
 * Walks over the records of a sender that were committed and not read, oldest first. For a ring whose receiver has ended;
 * with a living one it is a guess.
 *
 * @param from a position where nothing of the sender's lay before it began.
 */
export function forEachUnread(
  memory: RingMemory,
  sender: number,
  from: number,
  visit: (start: number, lengthBytes: number, channel: number, tag: number) => void,
): void {
  const { words } = memory;
  let position = Atomics.load(words, READ);
  for (;;) {
    const head = memory.head(position);
    const word = Atomics.load(words, head + STATE);
    const state = stateOf(word);
    if (!memory.sameLap(word, position) || state === FREE) return;
    if ((state === COMMITTED || state === REVOCABLE) && senderOf(word) === sender && ((position - from) | 0) >= 0) {
      visit(memory.offset(position), words[head + LENGTH], words[head + CHANNEL], words[head + TAG]);
    }
    position = (position + memory.spanOfFound(position, word)) | 0;
  }
}

/** Step "abandon": what was claimed and reserved, and not committed, is abandoned. Nothing if there is no such record. */
function abandonClaim(memory: RingMemory, sender: number): void {
  const { words } = memory;
  const slot = memory.slot(sender);
  const position = words[slot + CLAIM_START];
  const units = words[slot + CLAIM_UNITS];
  const head = memory.head(position);
  const reserved = memory.word(position, RESERVED, sender);
  if ((Atomics.load(words, head + STATE) & ~ASLEEP) !== reserved) return;
  words[head + LENGTH] = units * UNIT_BYTES;
  Atomics.store(words, head + STATE, memory.word(position, ABANDONED, sender));
}
