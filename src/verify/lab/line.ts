/**
 * The line in front of a batch: who is ready and waits for room. Directions of registrations and timers stand in it,
 * and a wake takes the room of one. A member that has stood in line at any time may have been served before another,
 * but not twice.
 */
import { Violation } from './violation.js';

/** Waits that may pass one over beyond one lap round all that are ready, for what came while the first of them ran. */
export const SPARE_ROUNDS = 1;

/** How many waits there had been, and how many wakes they had seen. */
interface Moment {
  readonly waits: number;
  readonly wakes: number;
}

/** One who may stand in line. */
export interface Place {
  /** Full waits in a row that passed it over, and what had been before the first. */
  passedOver: number;
  since: Moment;
  /** The last wait in which it stood in line; -1 before that. */
  inLineAt: number;
}

export class Line {
  /** Those who have left for good included: they may have been served while others waited. */
  private readonly places: Place[] = [];
  private before: Moment = { waits: 0, wakes: 0 };
  private now: Moment = this.before;

  constructor(private readonly maxEvents: number) {}

  newPlace(): Place {
    const place: Place = { passedOver: 0, since: this.now, inLineAt: -1 };
    this.places.push(place);
    return place;
  }

  /** It was ready in the wait that is judged, reported or not. Everybody is told of before `endWait`. */
  stand(place: Place): void {
    place.inLineAt = this.now.waits;
  }

  endWait(wakes: number): void {
    this.before = this.now;
    this.now = { waits: this.before.waits + 1, wakes: this.before.wakes + wakes };
  }

  served(place: Place): void {
    place.passedOver = 0;
  }

  /** The wait that has ended had no room for it, though it was due. @throws Violation once too often. */
  passOver(place: Place, who: string): void {
    if (place.passedOver === 0) place.since = this.before;
    const crowd = this.crowdSince(place.since);
    if (++place.passedOver <= Math.ceil(crowd / this.maxEvents) + SPARE_ROUNDS) return;
    throw new Violation('starved', `${who} was passed over by ${place.passedOver} waits, in which ${crowd} were ready`);
  }

  private crowdSince({ waits, wakes }: Moment): number {
    let crowd = this.now.wakes - wakes;
    for (const { inLineAt } of this.places) if (inLineAt >= waits) crowd++;
    return crowd;
  }
}
