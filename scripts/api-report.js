// Writes what each door of the package exports to docs/internals/api/, so that a change of it is seen in review:
// node scripts/api-report.js, or with --check to fail when the report is not what the types say. It reads dist/src, so build first.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}docs/internals/api/`;
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const doors = Object.entries(exports)
  .filter(([, target]) => target.types !== undefined)
  .map(([path, { types }]) => ({ name: `pollux${path.slice(1)}`, file: `${root}${types.slice(2)}` }));

const program = ts.createProgram(
  doors.map(({ file }) => file),
  { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: ['node'], skipLibCheck: true },
);
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

let stale = 0;
for (const { name, file } of doors) {
  const report = `${folder}${name.replace('/', '-')}.txt`;
  const text = `// The exports of ${name}. Made by scripts/api-report.js.\n\n${declarationsOf(file).join('\n')}\n`;
  if (!process.argv.includes('--check')) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(report, text);
  } else if (!existsSync(report) || readFileSync(report, 'utf8') !== text) {
    process.stderr.write(
      `${name}: its exports are not those of ${report.slice(root.length)}; run node scripts/api-report.js\n`,
    );
    stale++;
  }
}
process.exitCode = stale === 0 ? 0 : 1;

/** Each export as its declaration, by name. */
function declarationsOf(file) {
  const door = checker.getSymbolAtLocation(program.getSourceFile(file));
  const symbols = checker.getExportsOfModule(door).sort((a, b) => (a.name < b.name ? -1 : 1));
  return symbols.flatMap(symbol => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return (target.declarations ?? []).map(declaration => print(declaration));
  });
}

function print(declaration) {
  const whole = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return printer.printNode(ts.EmitHint.Unspecified, withoutPrivate(whole), whole.getSourceFile());
}

/** A private member is nobody's to use, and changes without notice. */
function withoutPrivate(node) {
  if (!ts.isClassDeclaration(node)) return node;
  const members = node.members.filter(
    member =>
      !ts.isPrivateIdentifier(member.name ?? member) &&
      !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private),
  );
  return ts.factory.updateClassDeclaration(
    node,
    node.modifiers,
    node.name,
    node.typeParameters,
    node.heritageClauses,
    members,
  );
}
