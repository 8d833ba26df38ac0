/** A promise of the contract that a backend broke. */

export type Rule =
  | 'dead' // an event for a registration that is not alive
  | 'duplicate' // two entries for one token
  | 'oneshot' // delivered again without modify
  | 'lost' // a condition that holds and is armed was not reported
  | 'starved' // others were served again and again meanwhile
  | 'unasked' // a direction, or anything at all, that was not asked for
  | 'phantom' // something that does not hold
  | 'no cause' // an edge reported again though nothing happened
  | 'early' // a wait that ended before its time, with nothing, or a timer that came before its own
  | 'wake' // swallowed, or from nowhere
  | 'counters'
  | 'refusal'; // an error that was due and did not come, or came and was not due

export class Violation extends Error {
  constructor(
    readonly rule: Rule,
    detail: string,
  ) {
    super(`${rule}: ${detail}`);
  }
}
