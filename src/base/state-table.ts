/** Tables of states: the type that they share. Code runs such a table, a document draws it, and a test walks it. */

/** The state that follows, by the state now and by what happens. What a state does not name changes nothing there. */
export type StateTable<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>;
