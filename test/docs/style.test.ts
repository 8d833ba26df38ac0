/** How documents and comments are written: CONTRIBUTING.md, "Comments and documents". */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { commentsOf, habitsIn, isBullet, paragraphsOf, wordsIn } from './prose.js';

const root = new URL('../../../', import.meta.url);
const WIDEST = 120;
const LONGEST_BULLET = 40;

/** Lists of a record, which grow and are not read from the beginning. */
const RECORDS = /^(?:CHANGELOG\.md|docs\/internals\/)/;

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending) && !(ending === '.md' && name.startsWith('api/')))
    .map(name => folder + name);
}

const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const pages = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...filesIn('docs/', '.md'),
  'examples/README.md',
];

describe('the style', () => {
  for (const [text, habits] of [
    ['Whoever comes waits.', 1],
    ['Bytes are kept. Who reads late finds them.', 1],
    ['Who reads late?', 0],
    ['It runs a callback of the user’s.'.replace('’', "'"), 1],
    ['A handler of ours and memory of theirs.', 1],
    ["It waits for the FIN of the peer's kernel.", 0],
    ['The user sets the callback.', 0],
  ] as const) {
    it(`finds ${habits} habits in "${text}"`, () => expect(habitsIn(text)).to.have.length(habits));
  }

  it('finds the comments of a source, and no code', () => {
    const source = "/** One,\n * two. */\nconst url = 'x'; // three\n// `whoever` is code\n";
    expect(commentsOf(source).map(({ text }) => text)).to.deep.equal(['One, two.', 'three CODE is code']);
  });

  for (const page of pages) {
    it(`${page} has no bad habits`, () => {
      expect(paragraphsOf(read(page)).flatMap(habitsIn)).to.deep.equal([]);
    });

    if (!RECORDS.test(page)) {
      it(`${page} has no item of more than ${LONGEST_BULLET} words in a list`, () => {
        const long = paragraphsOf(read(page)).filter(text => isBullet(text) && wordsIn(text) > LONGEST_BULLET);
        expect(long).to.deep.equal([]);
      });
    }
  }

  for (const file of filesIn('src/', '.ts')) {
    it(`${file} has comments without bad habits, in lines of at most ${WIDEST} columns`, () => {
      const habits = commentsOf(read(file)).flatMap(({ line, text }) =>
        habitsIn(text).map(habit => `${line}: ${habit}`),
      );
      const wide = read(file)
        .split('\n')
        .filter(line => /^\s*(?:\/\/ (?!eslint-)|\/?\*)/.test(line) && line.length > WIDEST);
      expect([...habits, ...wide]).to.deep.equal([]);
    });
  }
});
