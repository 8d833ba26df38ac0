/** The senders: the slots of a ring, and what happens to a record whose sender has died. */
import { threadId } from 'node:worker_threads';
import { isBefore, stepsUpTo } from '../../base/sequence.js';
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
  TAKEN,
  UNIT_BYTES,
  WAITING,
  WAKING,
  senderOf,
  stateOf,
  type RingMark,
  type RingMemory,
} from './layout.js';

export type OnCleared = (memory: RingMemory, sender: number) => void;

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
 * Frees the slots of a thread that has ended, however it did. A record that it had reserved and not committed becomes
 * one to skip. The caller wakes the receiver after it: the thread may have died when that fell to it. Several threads
 * may do so at once: each slot is cleared by one of them.
 *
 * @param by the thread that does it; if it dies over that, the thread that frees its slots takes up what it had begun.
 * @param onCleared called for each slot before it can be taken again: nobody may be about to wake its last owner any
 *   more.
 * @returns how many slots were freed.
 */
export function releaseSenders(memory: RingMemory, owner: number, by = threadId, onCleared?: OnCleared): number {
  let released = 0;
  for (let sender = 0; sender < memory.senderCount; sender++) {
    const at = memory.slot(sender) + OWNER;
    const found = Atomics.load(memory.words, at);
    if (found !== owner + 1 && found !== -(owner + 1)) continue;
    if (Atomics.compareExchange(memory.words, at, found, -(by + 1)) !== found) continue;
    clearSlot(memory, sender, onCleared);
    released++;
  }
  return released;
}

/** Frees a slot of the calling thread; nothing if it was freed for it. @param onCleared as of `releaseSenders`. */
export function releaseSlot(memory: RingMemory, sender: number, owner = threadId, onCleared?: OnCleared): void {
  const at = memory.slot(sender) + OWNER;
  if (Atomics.compareExchange(memory.words, at, owner + 1, -(owner + 1)) !== owner + 1) return;
  clearSlot(memory, sender, onCleared);
}

/** By the one thread whose number is in OWNER. */
function clearSlot(memory: RingMemory, sender: number, onCleared?: OnCleared): void {
  const { words } = memory;
  const slot = memory.slot(sender);
  abandonClaim(memory, sender);
  Atomics.store(words, slot + WAITING, 0);
  Atomics.store(words, slot + WAKING, 0);
  Atomics.store(words, slot + OWNER_WAKE, 0);
  onCleared?.(memory, sender);
  // Last: from here on it is another's.
  Atomics.store(words, slot + OWNER, 0);
}

/**
 * Walks over the records of a sender that were committed and not handed to the receiver, oldest first. For a ring whose
 * receiver has ended; with a living one it is a guess. What could be taken back can't be any more once it was told.
 *
 * @param first where the sender's first record lay, however long ago: what lies before it is of the slot's owner of
 *   before.
 */
export function forEachUnread(
  memory: RingMemory,
  sender: number,
  first: RingMark,
  visit: (start: number, lengthBytes: number, channel: number, tag: number) => void,
): void {
  const { words } = memory;
  let position = Atomics.load(words, READ);
  // Ahead of READ by less than the ring holds, or passed by it long ago.
  const hasOthers = !memory.isOld(first) && stepsUpTo(position, first.position) <= memory.unitCount;
  for (;;) {
    const head = memory.head(position);
    const word = Atomics.load(words, head + STATE);
    const state = stateOf(word);
    if (!memory.sameLap(word, position) || state === FREE) return;
    // 0 if it has changed since: then it is looked at again.
    const units = memory.spanOfFound(position, word);
    const isOwn = senderOf(word) === sender && !(hasOthers && isBefore(position, first.position));
    if (units > 0 && isOwn && isTold(memory, position, word)) {
      visit(memory.offset(position), words[head + LENGTH], words[head + CHANNEL], words[head + TAG]);
    }
    position = (position + units) | 0;
  }
}

/**
 * TAKEN, and READ has not come here: the receiver died before it was handed. What can be taken back is taken by the
 * telling.
 */
function isTold(memory: RingMemory, position: number, word: number): boolean {
  const state = stateOf(word);
  if (state !== REVOCABLE) return state === COMMITTED || state === TAKEN;
  const taken = memory.word(position, TAKEN, senderOf(word));
  return Atomics.compareExchange(memory.words, memory.head(position) + STATE, word, taken) === word;
}

/**
 * Step "abandon": what was claimed and reserved, and not committed, is abandoned. Nothing if there is no such record.
 */
function abandonClaim(memory: RingMemory, sender: number): void {
  const { words } = memory;
  const slot = memory.slot(sender);
  const position = Atomics.load(words, slot + CLAIM_START);
  const units = Atomics.load(words, slot + CLAIM_UNITS);
  const head = memory.head(position);
  const reserved = memory.word(position, RESERVED, sender);
  if ((Atomics.load(words, head + STATE) & ~ASLEEP) !== reserved) return;
  words[head + LENGTH] = units * UNIT_BYTES;
  Atomics.store(words, head + STATE, memory.word(position, ABANDONED, sender));
}
