// In Stryker's copy of the project: compiles what it has put mutants into, one file at a time and without a look at types.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const { compilerOptions } = ts.readConfigFile('tsconfig.json', ts.sys.readFile).config;
const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, module: 'esnext' }, '.');

for (const name of readdirSync('src', { recursive: true })) {
  if (!name.endsWith('.ts')) continue;
  const text = readFileSync(`src/${name}`, 'utf8');
  if (!text.includes('stryMutAct')) continue;
  const { outputText } = ts.transpileModule(text, { compilerOptions: options, fileName: `src/${name}` });
  writeFileSync(`dist/src/${name.replace(/\.ts$/, '.js')}`, outputText);
}

// Tests that load the package by its name get the files with the mutants instead of the bundle.
mkdirSync('dist/lib');
for (const entry of Object.values(JSON.parse(readFileSync('package.json', 'utf8')).exports)) {
  if (entry.types === undefined) continue;
  writeFileSync(entry.default, `export * from '${entry.types.replace('./dist', '..').replace(/\.d\.ts$/, '.js')}';\n`);
}
