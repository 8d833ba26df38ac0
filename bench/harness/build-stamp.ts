/** Tells whether the built files changed while they were being measured: servers are started afresh from them all along. */
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../', import.meta.url));

/** When the newest built file was written, in milliseconds since 1970. */
export function buildStampMs(): number {
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'));
  return Math.max(...files.map(file => statSync(built + file).mtimeMs));
}
