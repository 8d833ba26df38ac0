/** Waiting for what another thread does, where nothing tells of it. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when `holds` does. The test's own timeout is the ceiling. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(1);
}

export function untilGone(path: string): Promise<void> {
  return until(() => !existsSync(path));
}
