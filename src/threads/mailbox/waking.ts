/**
 * Waking the other side without ever writing to a descriptor that was closed meanwhile, whose number may name another
 * file by then. A thread that wakes says so in shared memory, looks whether the other side is still there, wakes, and
 * takes its word back. A thread that leaves says so first, and then waits for those that are waking it.
 */
import type { WakeHandle } from '../../backends/contract.js';
import { wakeBackend } from '../../backends/kit/wake.js';
import { CLOSED, OWNER_WAKE, OWNER_WAKE_DATA, OWNER_WAKING, WAKING, type RingMemory } from '../ring/layout.js';
import { FAREWELL_MS } from '../../core/limits.js';

const CALLS: readonly WakeHandle['call'][] = ['write', 'kevent'];

/** Lets the receiver of a ring know how the owner of a slot is woken. */
export function storeOwnerWake(memory: RingMemory, sender: number, handle: WakeHandle): void {
  const at = memory.slot(sender) + OWNER_WAKE;
  const data = memory.slot(sender) + OWNER_WAKE_DATA;
  Atomics.store(memory.words, at + 1, CALLS.indexOf(handle.call));
  Atomics.store(memory.words, at + 2, handle.ident);
  Atomics.store(memory.words, data, handle.low);
  Atomics.store(memory.words, data + 1, handle.high);
  // Last, since it says that the others hold.
  Atomics.store(memory.words, at, handle.fd + 1);
}

/** Wakes the receiver of a ring, from the owner of a slot. */
export function wakeReceiver(memory: RingMemory, sender: number, handle: WakeHandle): void {
  const waking = memory.slot(sender) + WAKING;
  Atomics.store(memory.words, waking, 1);
  try {
    if (Atomics.load(memory.words, CLOSED) === 0) wakeBackend(handle);
  } finally {
    Atomics.store(memory.words, waking, 0);
  }
}

/** How the owner of a slot is woken; undefined where nobody is. */
export function ownerWake({ words }: RingMemory, slot: number): WakeHandle | undefined {
  const at = slot + OWNER_WAKE;
  const data = slot + OWNER_WAKE_DATA;
  const fd = Atomics.load(words, at) - 1;
  if (fd < 0) return undefined;
  return {
    call: CALLS[Atomics.load(words, at + 1)],
    fd,
    ident: Atomics.load(words, at + 2),
    low: Atomics.load(words, data) >>> 0,
    high: Atomics.load(words, data + 1) >>> 0,
  };
}

/** Wakes the owner of a slot, if it has one; from the receiver, or from the thread that speaks for a dead one. */
export function wakeOwner(memory: RingMemory, sender: number): void {
  const { words } = memory;
  const slot = memory.slot(sender);
  // Counted, since several threads may do it at once: each that learns of a receiver's end tells its senders.
  Atomics.add(words, slot + OWNER_WAKING, 1);
  try {
    const handle = ownerWake(memory, slot);
    if (handle !== undefined) wakeBackend(handle);
  } finally {
    Atomics.sub(words, slot + OWNER_WAKING, 1);
  }
}

/** After a ring was closed: waits until no sender is about to wake its receiver. */
export function awaitSenders(memory: RingMemory): void {
  for (let sender = 0; sender < memory.senderCount; sender++) awaitZero(memory, memory.slot(sender) + WAKING);
}

/** While a slot is being cleared: waits until nobody is about to wake its last owner. */
export function awaitWakers(memory: RingMemory, sender: number): void {
  const index = memory.slot(sender) + OWNER_WAKING;
  // What stays is the count of threads that died in the middle: the slot's next owner is not to wait for them too.
  if (!awaitZero(memory, index)) Atomics.store(memory.words, index, 0);
}

/** A wake takes microseconds. A word that stays is that of a thread that died in the middle, which writes no more. */
function awaitZero({ words }: RingMemory, index: number): boolean {
  for (let waitedMs = 0; waitedMs < FAREWELL_MS; waitedMs++) {
    const found = Atomics.load(words, index);
    if (found === 0) return true;
    Atomics.wait(words, index, found, 1);
  }
  return false;
}
