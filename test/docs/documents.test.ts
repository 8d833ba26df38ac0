import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const examples = new URL('examples/', root);
const command = fileURLToPath(new URL('bin/pollux.js', root));
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Pages whose every piece of code must be part of an example; other pages show parts of the sources. */
const TEACHING = ['README.md', ...pagesIn('docs/guide/')];
/** Pages whose commands people type. */
const INSTRUCTING = ['README.md', 'CONTRIBUTING.md'];
const PAGES = [...pagesIn(''), ...pagesIn('docs/'), ...pagesIn('docs/guide/'), ...pagesIn('docs/decisions/')];

function pagesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root))
    .filter(name => name.endsWith('.md'))
    .map(name => folder + name);
}

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
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

const programs = readdirSync(examples)
  .filter(name => name.endsWith('.ts'))
  .map(name => plain(readFileSync(new URL(name, examples), 'utf8')));

describe('the documents', () => {
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
      for (const [, link] of read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (!/^https?:/.test(link)) expect(existsSync(new URL(link, new URL(page, root))), link).to.equal(true);
      }
    });
  }

  for (const page of INSTRUCTING) {
    for (const line of blocks(page, 'sh').flatMap(block => block.split('\n'))) {
      const [words] = line.split('#');
      if (words.trim() !== '') it(`${page}: \`${words.trim()}\` is a command that there is`, () => checkCommand(words));
    }
  }
});

function checkCommand(line: string): void {
  const [program, ...args] = line.trim().split(/\s+/);
  if (program === 'npm') {
    const script = args[0] === 'run' ? args[1] : args[0];
    expect(scripts).to.have.property(script);
  } else if (program === 'node') {
    expect(args[0]).to.equal('bin/pollux.js');
    const { stdout, status } = spawnSync(process.execPath, [command, args[1], '--help'], { encoding: 'utf8' });
    expect(status).to.equal(0);
    for (const flag of args.filter(word => word.startsWith('--'))) expect(stdout).to.include(flag);
  } else {
    expect(program).to.equal('npx');
    expect(existsSync(new URL(`node_modules/.bin/${args[0]}`, root)), args[0]).to.equal(true);
  }
}
