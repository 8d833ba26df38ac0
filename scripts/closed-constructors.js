// Many classes are made by functions alone: their constructors are @internal, and tsc leaves them out of the types. A class
// without a constructor could be made by anybody, says TypeScript. So the types get one that nobody may call.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const CLOSED = '\n    protected constructor();';

const parsed = (path, text) => ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
const classesOf = source => source.statements.filter(ts.isClassDeclaration);
const constructorOf = node => node.members.find(ts.isConstructorDeclaration);
const isInternal = node => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');

/** The names of the classes of a module whose constructors are internal. */
export function internallyMade(path, text) {
  const made = classesOf(parsed(path, text)).filter(node => {
    const constructor = constructorOf(node);
    return constructor !== undefined && isInternal(constructor);
  });
  return new Set(made.map(({ name }) => name.text));
}

/** The declarations of a module, where classes of these names can't be constructed. Twice is as once. */
export function closed(path, text, names) {
  const open = classesOf(parsed(path, text)).filter(
    node => names.has(node.name.text) && constructorOf(node) === undefined,
  );
  // From the last to the first, so that positions hold.
  return open
    .reverse()
    .reduce((result, node) => result.slice(0, node.members.pos) + CLOSED + result.slice(node.members.pos), text);
}

/** Closes them in all declarations that tsc has made of a folder of sources. */
export function closeConstructors(sources, declarations) {
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const source = readFileSync(`${sources}/${name}`, 'utf8');
    const names = source.includes('@internal') ? internallyMade(name, source) : new Set();
    if (names.size === 0) continue;
    const path = `${declarations}/${name.replace(/\.ts$/, '.d.ts')}`;
    const text = readFileSync(path, 'utf8');
    const result = closed(path, text, names);
    if (result !== text) writeFileSync(path, result);
  }
}
