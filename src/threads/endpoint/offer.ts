/**
 * A request by which another thread gets something that we own, such as a descriptor's number. If it fails here, the
 * other may be about to take it all the same, so what was offered must be left alone until that can't happen any more.
 */
import { setTimeout } from '../../base/runtime-functions.js';
import type { Lane } from '../mailbox/lane.js';
import type { Outgoing } from '../mailbox/outgoing.js';

/** Between looks at whether the other thread is through: it happens once in a blue moon, and takes it microseconds. */
const LOOK_MS = 1;

export class Offer {
  /** @internal Made by `peer.offer`. */
  constructor(
    /** As of a request. */
    readonly answer: Promise<unknown>,
    private readonly lane: Lane,
    private readonly outgoing: Outgoing,
  ) {}

  /** Once `answer` has failed: resolves when the other thread does nothing with the offer, now or later. */
  async withdraw(): Promise<void> {
    if (this.lane.revoke(this.outgoing)) return;
    while (this.lane.isBeingRead(this.outgoing)) await new Promise(resolve => setTimeout(resolve, LOOK_MS));
  }
}
