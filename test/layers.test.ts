/** The house: imports point down only and in no circle, one folder alone talks to the C library, and files stay small. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MAX_LINES = 400;

const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src');
/** The same table as the linter has. */
const { folders, doors, allowedFor } = (await import(pathToFileURL(join(root, 'layers.js')).href)) as {
  folders: readonly string[];
  doors: Readonly<Record<string, readonly string[]>>;
  allowedFor(folder: string): readonly string[];
};

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** The imported file, relative to src; undefined for a package. */
  readonly target: string | undefined;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .sort();
const texts = new Map(files.map(file => [file, readFileSync(join(source, file), 'utf8')]));
const imports = files.flatMap(importsOf);

describe('the house', () => {
  it('has the folders and doors of the table, and no others', () => {
    const inSource = new Set(files.filter(file => file.includes(sep)).map(folderOf));
    expect([...inSource]).to.have.members(folders);
    expect(files.filter(file => !file.includes(sep))).to.have.members(Object.keys(doors));
  });

  it('every relative import names a file that is there, with its ending', () => {
    const broken = imports.filter(({ target }) => target !== undefined && !texts.has(target));
    expect(broken.map(describeImport)).to.deep.equal([]);
  });

  it('imports point down only', () => {
    const upward = imports.filter(
      ({ file, target }) => target !== undefined && folderOf(target) !== folderOf(file) && !isAllowed(file, target),
    );
    expect(upward.map(describeImport)).to.deep.equal([]);
  });

  it('imports make no circle, those of types included', () => {
    expect(circle()).to.deep.equal([]);
  });

  it('of what backends share, only the registry imports a backend', () => {
    const shared = /^backends\/((contract|kit|sources)\/)?[^/]+\.ts$/;
    const offenders = imports.filter(
      ({ file, target }) =>
        shared.test(file) && file !== 'backends/registry.ts' && /^backends\/(epoll|kqueue|poll)\//.test(target ?? ''),
    );
    expect(imports.some(({ file }) => shared.test(file) && file.startsWith('backends/kit/'))).to.equal(true);
    expect(offenders.map(describeImport)).to.deep.equal([]);
  });

  it('only src/sys imports koffi', () => {
    const others = imports.filter(({ file, specifier }) => specifier.startsWith('koffi') && folderOf(file) !== 'sys');
    expect(others.map(describeImport)).to.deep.equal([]);
  });

  it("packages are those that package.json lists, and Node's own are named as such", () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
    };
    const known = { ...dependencies, ...peerDependencies };
    const unknown = imports.filter(
      ({ target, specifier }) => target === undefined && !specifier.startsWith('node:') && !(specifier in known),
    );
    expect(unknown.map(describeImport)).to.deep.equal([]);
  });

  it('no file takes a whole module by a star, or has a default export', () => {
    const offenders = files.filter(file => /^(import \* as|export \* from|export default)\b/m.test(texts.get(file)!));
    expect(offenders).to.deep.equal([]);
  });

  it(`no file has more than ${MAX_LINES} lines`, () => {
    const long = files
      .map(file => [file, texts.get(file)!.split('\n').length - 1] as const)
      .filter(([, lines]) => lines > MAX_LINES);
    expect(long).to.deep.equal([]);
  });

  it('no name is one that says nothing', () => {
    const names = files.filter(file => /(^|[-/])(utils?|helpers?|misc|managers?|data|info|common)([-./]|$)/.test(file));
    expect(names).to.deep.equal([]);
  });

  it('every file begins by saying what it is for', () => {
    const silent = files.filter(file => !/^(#!.*\n)?\/\*\*/.test(texts.get(file)!));
    expect(silent).to.deep.equal([]);
  });
});

function importsOf(file: string): Import[] {
  const specifiers = texts.get(file)!.matchAll(/(?:\bfrom\s+|^import\s*|\bimport\(\s*)['"]([^'"]+)['"]/gm);
  return [...specifiers].map(([, specifier]) => ({
    file,
    specifier,
    target: specifier.startsWith('.')
      ? relative(source, join(source, dirname(file), specifier)).replace(/\.js$/, '.ts')
      : undefined,
  }));
}

/** The folder of the table that a file lies in, or the name of a door. */
function folderOf(file: string): string {
  return folders.find(folder => file.startsWith(folder + sep)) ?? file.split(sep)[0];
}

function isAllowed(file: string, target: string): boolean {
  const from = folderOf(file);
  return (doors[from] ?? allowedFor(from)).includes(folderOf(target));
}

/** The files of a circle of imports, or none. */
function circle(): string[] {
  const targets = new Map(
    files.map(file => [file, imports.filter(each => each.file === file).flatMap(({ target }) => target ?? [])]),
  );
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    done.add(file);
    path.push(file);
    for (const target of targets.get(file) ?? []) {
      const found = visit(target);
      if (found.length > 0) return found;
    }
    path.pop();
    return [];
  };
  for (const file of files) {
    const found = visit(file);
    if (found.length > 0) return found;
  }
  return [];
}

function describeImport({ file, specifier }: Import): string {
  return `src/${file} imports ${specifier}`;
}

/** The folder of package.json, above this file wherever it was built to. */
function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
