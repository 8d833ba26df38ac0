// Keeps the type declarations that no door needs out of the package: they are 40 % of all, and nobody can import them. npm honours
// an .npmignore in a folder, so the files themselves stay for the next build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
export function ignoreNeedlessTypes(folder) {
  const needed = neededTypes(JSON.parse(readFileSync('package.json', 'utf8')));
  const needless = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.d.ts') && !needed.has(resolve(join(folder, name))),
  );
  writeFileSync(join(folder, '.npmignore'), needless.map(name => `/${name}\n`).join(''));
}
