// Removes the type declarations that no door needs: they are 40 % of all, and nobody can import them. tsc makes one anew when its
// source changes.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const IMPORTED = /(?:from|import|import\()\s*['"](\.[^'"]+)\.js['"]/g;

/** The declarations that the doors of a package name, and all that those import. */
function neededTypes({ exports }) {
  const waiting = Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [resolve(types)]));
  const needed = new Set();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (needed.has(file)) continue;
    needed.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(IMPORTED)) {
      waiting.push(resolve(dirname(file), `${target}.d.ts`));
    }
  }
  return needed;
}

/** @param folder of declarations, that of the package whose package.json is in the working directory. */
export function keepNeededTypes(folder) {
  const needed = neededTypes(JSON.parse(readFileSync('package.json', 'utf8')));
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = resolve(join(folder, name));
    if (name.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
  }
}
