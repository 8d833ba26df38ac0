// Writes what each door of the package exports to docs/api-report/, so that a review sees each change of it:
// node scripts/api-report.js. It reads the declarations of dist/src, so build first. test/docs/api-report.test.ts compares.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
export const folder = `${root}docs/api-report/`;

/** The reports by the names of their files, as the declarations are now. */
export function reports() {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const doors = Object.entries(exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([path, { types }]) => ({ name: `pollux${path.slice(1)}`, file: `${root}${types.slice(2)}` }));
  // Names are resolved, and nothing is checked: neither the library of JavaScript nor the types of Node are needed.
  const options = { module: ts.ModuleKind.NodeNext, noLib: true, types: [] };
  const program = ts.createProgram(
    doors.map(({ file }) => file),
    options,
  );
  return new Map(doors.map(({ name, file }) => [`${name.replace('/', '-')}.txt`, report(program, name, file)]));
}

function report(program, name, file) {
  const checker = program.getTypeChecker();
  const door = checker.getSymbolAtLocation(program.getSourceFile(file));
  const exported = checker.getExportsOfModule(door).sort((a, b) => (a.name < b.name ? -1 : 1));
  const declarations = exported.flatMap(symbol => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const printed = (target.declarations ?? []).map(print);
    return target.name === symbol.name ? printed : [`// as ${symbol.name}`, ...printed];
  });
  return `// The exports of ${name}. Made by scripts/api-report.js.\n\n${declarations.join('\n\n')}\n`;
}

const printer = ts.createPrinter({ removeComments: true });

function print(declaration) {
  const whole = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return printer.printNode(ts.EmitHint.Unspecified, withoutOwn(whole), whole.getSourceFile());
}

/** What a program can't use changes without notice. */
function withoutOwn(node) {
  if (!ts.isClassDeclaration(node)) return node;
  const members = node.members.filter(member => !isOwn(member));
  const { modifiers, name, typeParameters, heritageClauses } = node;
  return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
}

function isOwn(member) {
  const flags = ts.getCombinedModifierFlags(member);
  const isClosed = ts.isConstructorDeclaration(member) && (flags & ts.ModifierFlags.Protected) !== 0;
  return isClosed || (flags & ts.ModifierFlags.Private) !== 0 || ts.isPrivateIdentifier(member.name ?? member);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of reports()) writeFileSync(folder + name, text);
}
