/** The table of states as a mermaid diagram, for the documents. */
import { EVENTS, STATES, TRANSITIONS } from '../../src/api/stream/parts/connection-states.js';

/** A fenced block, with events that lead to the same state on one arrow. */
export function stateDiagram(): string {
  const lines = ['```mermaid', 'stateDiagram-v2', '  direction LR'];
  for (const state of STATES) {
    if (state.includes('-')) lines.push(`  ${identifier(state)} : ${state}`);
  }
  lines.push(`  [*] --> ${STATES[0]}`);
  for (const state of STATES) {
    const causes = new Map<string, string[]>();
    for (const event of EVENTS) {
      const next = TRANSITIONS[state][event];
      if (next !== undefined) causes.set(next, [...(causes.get(next) ?? []), event]);
    }
    for (const [next, events] of causes) {
      lines.push(`  ${identifier(state)} --> ${identifier(next)} : ${events.join(', ')}`);
    }
  }
  lines.push('  closed --> [*]', '  moved --> [*]', '```');
  return lines.join('\n');
}

/** Mermaid takes no dashes in names. */
function identifier(state: string): string {
  return state.replaceAll('-', '_');
}
