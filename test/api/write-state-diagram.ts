/** Puts the diagram of today's table into docs/connection-states.md: node dist/test/api/write-state-diagram.js */
import { readFileSync, writeFileSync } from 'node:fs';
import { stateDiagram } from './state-diagram.js';

const url = new URL('../../../docs/connection-states.md', import.meta.url);
const text = readFileSync(url, 'utf8');
writeFileSync(url, text.replace(/```mermaid\n[^]*?```/, stateDiagram()));
