import { expect } from 'chai';
import {
  awaitsFlush,
  canSend,
  delivers,
  discards,
  EVENTS,
  hasEnded,
  isOver,
  STATES,
  TRANSITIONS,
  type ConnectionState,
  type StateEvent,
} from '../../../src/api/stream/parts/connection-states.js';

/** All states that can be come to from `start`. */
function reachable(start: ConnectionState): Set<ConnectionState> {
  const found = new Set<ConnectionState>([start]);
  for (const state of found) {
    for (const event of EVENTS) {
      const next = TRANSITIONS[state][event];
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

/** What is true of a connection in a state, so that the table can be checked against it: who has ended which direction. */
const facts: Record<ConnectionState, { peerEnded: boolean; weEnd: boolean; finSent: boolean; closing: boolean }> = {
  open: { peerEnded: false, weEnd: false, finSent: false, closing: false },
  'peer-ended': { peerEnded: true, weEnd: false, finSent: false, closing: false },
  ending: { peerEnded: false, weEnd: true, finSent: false, closing: false },
  ended: { peerEnded: false, weEnd: true, finSent: true, closing: false },
  flushing: { peerEnded: true, weEnd: true, finSent: false, closing: true },
  closing: { peerEnded: false, weEnd: true, finSent: false, closing: true },
  lingering: { peerEnded: false, weEnd: true, finSent: true, closing: true },
  closed: { peerEnded: true, weEnd: true, finSent: true, closing: true },
  moved: { peerEnded: true, weEnd: true, finSent: true, closing: true },
};

/** What must come of an event, said a second time and in another way than by the table. */
function expected(state: ConnectionState, event: StateEvent): ConnectionState {
  const now = facts[state];
  if (state === 'closed' || state === 'moved') return state;
  if (event === 'fail') return 'closed';
  if (event === 'detach') return now.closing || (now.peerEnded && now.weEnd) ? state : 'moved';
  const peerEnded = now.peerEnded || event === 'peer-end';
  const weEnd = now.weEnd || event === 'end' || event === 'close';
  const finSent = now.finSent || (now.weEnd && event === 'flushed');
  const closing = now.closing || event === 'close';
  if (peerEnded && finSent) return 'closed';
  if (peerEnded) return weEnd ? 'flushing' : 'peer-ended';
  if (finSent) return closing ? 'lingering' : 'ended';
  if (weEnd) return closing ? 'closing' : 'ending';
  return 'open';
}

describe('states of a connection', () => {
  for (const state of STATES) {
    for (const event of EVENTS) {
      it(`${state} + ${event} = ${expected(state, event)}`, () => {
        expect(TRANSITIONS[state][event] ?? state).to.equal(expected(state, event));
      });
    }

    it(`${state} is reached from open, and leads to closed or is moved`, () => {
      expect(reachable('open')).to.include(state);
      expect(reachable(state)).to.include(state === 'moved' ? 'moved' : 'closed');
    });
  }

  it('nothing leaves closed or moved, and no state says twice what it is', () => {
    for (const state of STATES) expect(isOver(state), state).to.equal(Object.keys(TRANSITIONS[state]).length === 0);
    for (const state of STATES) expect(Object.values(TRANSITIONS[state])).to.not.include(state);
  });

  it('one may send until one ends', () => {
    for (const state of STATES) expect(canSend(state), state).to.equal(!facts[state].weEnd);
  });

  it('what arrives is delivered until the peer ends or we close', () => {
    for (const state of STATES) {
      expect(delivers(state), state).to.equal(!facts[state].peerEnded && !facts[state].closing);
    }
  });

  it('what arrives is thrown away while we close and the peer has not ended', () => {
    for (const state of STATES) {
      expect(discards(state), state).to.equal(facts[state].closing && !facts[state].peerEnded);
    }
  });

  it('our side alone was ended', () => {
    for (const state of STATES) {
      const { weEnd, peerEnded, closing } = facts[state];
      expect(hasEnded(state), state).to.equal(weEnd && !peerEnded && !closing);
    }
  });

  it('an empty queue matters while our FIN is wanted and not sent', () => {
    for (const state of STATES) {
      expect(awaitsFlush(state), state).to.equal(facts[state].weEnd && !facts[state].finSent);
    }
  });

  it('every way ends: no circle in the table', () => {
    const depth = (state: ConnectionState, path: readonly ConnectionState[]): void => {
      expect(path, 'a circle').to.not.include(state);
      for (const next of Object.values(TRANSITIONS[state])) depth(next, [...path, state]);
    };
    depth('open', []);
  });
});
