import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const examples = new URL('examples/', root);
const command = fileURLToPath(new URL('bin/pollux.js', root));
const bench = fileURLToPath(new URL('dist/bench/main.js', root));
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Pages whose every piece of code must be part of an example; other pages show parts of the sources. */
const TEACHING = ['README.md', ...pagesIn('docs/guide/'), ...pagesIn('docs/recipes/')];
const PAGES = [...pagesIn(''), ...pagesUnder('docs/'), 'examples/README.md'];

function pagesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root))
    .filter(name => name.endsWith('.md'))
    .map(name => folder + name);
}

function pagesUnder(folder: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !name.startsWith('api/'))
    .map(name => folder + name);
}

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** Those to files. */
function linksOf(page: string): string[] {
  return [...read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, link]) => link)
    .filter(link => !/^https?:/.test(link));
}

/** Files and folders of the checkout by their whole path; those that a build makes, and patterns, are left out. */
function pathsOn(page: string): string[] {
  const paths = read(page).matchAll(/(?<![\w/.-])(?:src|test|docs|scripts|examples|bench|bin)\/[\w./*-]*[\w/]/g);
  return [...paths].map(([path]) => path).filter(path => !path.includes('*') && !path.startsWith('docs/api'));
}

/** What people are told to type in blocks of code; a synopsis (`pollux stress [--json]`) is not meant to be typed. */
function commandsOn(page: string): string[] {
  return [...blocks(page, 'sh'), ...blocks(page, '')]
    .flatMap(block => block.split('\n'))
    .filter(line => /^(npm|npx|node) /.test(line))
    .map(line => line.split('#')[0].trim());
}

/** Whatever `npm run bench` is told: benchmarks by their file in bench/, and options by its own help. */
function checkBench(args: string[]): void {
  const { stdout } = spawnSync(process.execPath, [bench, '--help'], { encoding: 'utf8' });
  for (const arg of args) {
    if (arg.startsWith('--')) expect(stdout).to.include(arg);
    else if (!arg.endsWith('.json')) expect(existsSync(new URL(`bench/${arg}.ts`, root)), arg).to.equal(true);
  }
}

/** Without indentation, which differs between a page and the program that it shows a part of. */
function plain(code: string): string {
  return code
    .split('\n')
    .map(line => line.trim())
    .join('\n');
}

function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(/```(\w*)\n([^]*?)```/g)]
    .filter(([, found]) => found === language)
    .map(([, , text]) => text);
}

const programs = readdirSync(examples, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => plain(readFileSync(new URL(name, examples), 'utf8')));

/** Every file of the tarball that `npm pack` makes, as far as they are there now. */
function packedFiles(): Set<string> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel', 'error'];
  const { stdout } = spawnSync('npm', args, { cwd: fileURLToPath(root), encoding: 'utf8' });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return new Set(files.map(({ path }) => path));
}

describe('the package', () => {
  const packed = packedFiles();

  it('has the code, which is built before it is packed', () => {
    for (const path of ['dist/lib/index.js', 'dist/src/index.d.ts', 'bin/pollux.js']) {
      expect(packed.has(path), path).to.equal(true);
    }
    expect(scripts.prepack).to.match(/^tsc -b && rollup -c /);
  });

  it('has what starts threads and processes beside what they load first', () => {
    const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' });
    const started = sources
      .filter(path => path.endsWith('.ts'))
      .flatMap(path => [...read(`src/${path}`).matchAll(/new URL\('(?:\.\/)?([\w-]+\.js)', import\.meta\.url\)/g)])
      .map(([, name]) => name);
    expect(started).to.include('worker.js').and.to.have.length.above(4);
    for (const name of started) expect(packed.has(`dist/lib/${name}`), name).to.equal(true);
  });

  it('has the pages and programs for those who use it', () => {
    for (const path of ['README.md', ...pagesIn('docs/guide/'), ...pagesIn('docs/recipes/'), 'examples/README.md']) {
      expect(packed.has(path), path).to.equal(true);
    }
  });
});

describe('the documents', () => {
  it('docs/architecture.md: the map of the code is that of src', () => {
    const map = fileURLToPath(new URL('scripts/code-map.js', root));
    const { status, stderr } = spawnSync(process.execPath, [map, '--check'], { encoding: 'utf8' });
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  for (const page of TEACHING) {
    it(`${page}: every piece of code is part of an example, which is run`, () => {
      for (const code of blocks(page, 'ts')) {
        expect(
          programs.some(program => program.includes(plain(code))),
          code,
        ).to.equal(true);
      }
    });
  }

  for (const page of PAGES) {
    it(`${page}: every link leads to a file`, () => {
      for (const link of linksOf(page)) {
        expect(existsSync(new URL(link, new URL(page, root))), link).to.equal(true);
      }
    });
  }

  for (const page of PAGES) {
    it(`${page}: every path that it names is there`, () => {
      for (const path of pathsOn(page)) expect(existsSync(new URL(path, root)), path).to.equal(true);
    });
  }

  it('examples/README.md lists every program', () => {
    const started = readdirSync(examples).filter(name => name.endsWith('.ts'));
    expect(linksOf('examples/README.md')).to.include.members(started);
  });

  for (const page of PAGES) {
    for (const command of commandsOn(page)) {
      it(`${page}: \`${command}\` is a command that there is`, () => checkCommand(command));
    }
  }
});

const helps = new Map<string, string>();

/** What `--help` of a subcommand prints, from one start of the command for all that name it. */
function helpOf(subcommand: readonly string[]): string {
  const name = subcommand.join(' ');
  let help = helps.get(name);
  if (help === undefined) {
    const { stdout, status } = spawnSync(process.execPath, [command, ...subcommand, '--help'], { encoding: 'utf8' });
    expect(status, name).to.equal(0);
    helps.set(name, (help = stdout));
  }
  return help;
}

function checkCommand(line: string): void {
  const [program, ...args] = line.trim().split(/\s+/);
  if (program === 'npm') {
    const script = args[0] === 'run' ? args[1] : args[0];
    expect(scripts).to.have.property(script);
    if (script === 'bench') checkBench(args.slice(args.indexOf('--') + 1));
  } else if (program === 'node') {
    expect(args[0]).to.equal('bin/pollux.js');
    const flagsFrom = args.findIndex(word => word.startsWith('--'));
    const subcommand = flagsFrom < 0 ? args.slice(1) : args.slice(1, flagsFrom);
    const help = helpOf(subcommand);
    for (const flag of args.filter(word => word.startsWith('--'))) expect(help).to.include(flag);
  } else {
    expect(program).to.equal('npx');
    expect(existsSync(new URL(`node_modules/.bin/${args[0]}`, root)), args[0]).to.equal(true);
  }
}
