/** Tables of states as mermaid diagrams, and the documents that show them. */
import { EVENTS, STATES, TRANSITIONS } from '../../src/api/stream/parts/connection-states.js';
import {
  FILE_SUPPLY_EVENTS,
  FILE_SUPPLY_STATES,
  FILE_SUPPLY_TRANSITIONS,
  FILE_TO_SOCKET_EVENTS,
  FILE_TO_SOCKET_STATES,
  FILE_TO_SOCKET_TRANSITIONS,
} from '../../src/core/transfers/files/file-to-socket-states.js';
import {
  SOCKET_TO_FILE_EVENTS,
  SOCKET_TO_FILE_STATES,
  SOCKET_TO_FILE_TRANSITIONS,
} from '../../src/core/transfers/files/socket-to-file-states.js';
import { RELAY_EVENTS, RELAY_STATES, RELAY_TRANSITIONS } from '../../src/core/transfers/relay/relay-states.js';
import type { StateTable } from '../../src/base/state-table.js';

export interface StateMachine<State extends string = string, Event extends string = string> {
  /** The one that it begins in is the first. */
  readonly states: readonly State[];
  readonly events: readonly Event[];
  readonly table: StateTable<State, Event>;
}

/** By document and by heading there: the diagram is the first block of mermaid below the heading. */
export const DRAWN: Readonly<Record<string, Readonly<Record<string, StateMachine>>>> = {
  'docs/connection-states.md': { '# The life of a connection': { states: STATES, events: EVENTS, table: TRANSITIONS } },
  'docs/internals/transfer-states.md': {
    '## A file to a connection': {
      states: FILE_TO_SOCKET_STATES,
      events: FILE_TO_SOCKET_EVENTS,
      table: FILE_TO_SOCKET_TRANSITIONS,
    },
    '## The file of a transfer to a connection': {
      states: FILE_SUPPLY_STATES,
      events: FILE_SUPPLY_EVENTS,
      table: FILE_SUPPLY_TRANSITIONS,
    },
    '## A connection to a file': {
      states: SOCKET_TO_FILE_STATES,
      events: SOCKET_TO_FILE_EVENTS,
      table: SOCKET_TO_FILE_TRANSITIONS,
    },
    '## One direction of a join': { states: RELAY_STATES, events: RELAY_EVENTS, table: RELAY_TRANSITIONS },
  },
};

/** @returns the text of a document with its diagrams drawn anew. */
export function redrawn(text: string, machines: Readonly<Record<string, StateMachine>>): string {
  for (const [heading, machine] of Object.entries(machines)) {
    const start = text.indexOf(`${heading}\n`);
    if (start < 0) throw new Error(`no heading '${heading}'`);
    text = text.slice(0, start) + text.slice(start).replace(/```mermaid\n[^]*?```/, stateDiagram(machine));
  }
  return text;
}

/** A fenced block, with events that lead to the same state on one arrow. */
function stateDiagram({ states, events, table }: StateMachine): string {
  const lines = ['```mermaid', 'stateDiagram-v2', '  direction LR'];
  for (const state of states) {
    if (state.includes('-')) lines.push(`  ${identifier(state)} : ${state}`);
  }
  lines.push(`  [*] --> ${identifier(states[0])}`);
  for (const state of states) {
    const causes = new Map<string, string[]>();
    for (const event of events) {
      const next = table[state][event];
      if (next !== undefined) causes.set(next, [...(causes.get(next) ?? []), event]);
    }
    for (const [next, several] of causes) {
      lines.push(`  ${identifier(state)} --> ${identifier(next)} : ${several.join(', ')}`);
    }
  }
  for (const state of states) {
    if (Object.keys(table[state]).length === 0) lines.push(`  ${identifier(state)} --> [*]`);
  }
  return [...lines, '```'].join('\n');
}

/** Mermaid takes no dashes in names. */
function identifier(state: string): string {
  return state.replaceAll('-', '_');
}
