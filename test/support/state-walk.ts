/** What holds of every table of states, said without the table. */
import { expect } from 'chai';
import type { StateMachine } from './state-diagram.js';

/** All states that can be come to from `start`. */
function reachable({ events, table }: StateMachine, start: string): Set<string> {
  const found = new Set([start]);
  for (const state of found) {
    for (const event of events) {
      const next = table[state][event];
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

/** Describes each pair of state and event as `expected` has it, in a second way of saying, and that every way ends. */
export function walkStates<State extends string, Event extends string>(
  { states, events, table }: StateMachine<State, Event>,
  expected: (state: State, event: Event) => State,
): void {
  const machine: StateMachine = { states, events, table };
  const isLast = (state: State): boolean => Object.keys(table[state]).length === 0;

  for (const state of states) {
    it(`${state}: every event leads where it has to`, () => {
      for (const event of events) expect(table[state][event] ?? state, event).to.equal(expected(state, event));
    });

    it(`${state} is reached from ${states[0]}, and leads to an end`, () => {
      expect(reachable(machine, states[0])).to.include(state);
      expect([...reachable(machine, state)].some(next => isLast(next as State))).to.equal(true);
    });
  }

  it('the table names no state and no event that is not declared', () => {
    expect(Object.keys(table)).to.have.members([...states]);
    for (const state of states) {
      for (const [event, next] of Object.entries(table[state])) {
        expect(events).to.include(event);
        expect(states).to.include(next);
      }
    }
  });
}
