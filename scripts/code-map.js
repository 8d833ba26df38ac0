// Writes the code map in docs/architecture.md: every folder of src with its files, each by the first sentence of its first comment.
// `node scripts/code-map.js --check` only says whether the map is up to date, and exits with 1 where it is not.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { folders } from '../layers.js';

const root = new URL('../', import.meta.url);
const page = new URL('docs/architecture.md', root);
const BEGIN = '<!-- code map: made by scripts/code-map.js -->';
const END = '<!-- end of the code map -->';

const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .map(name => name.replaceAll('\\', '/'))
  .filter(name => name.endsWith('.ts'))
  .sort();

/** The first sentence of the comment that a file begins with. */
function purposeOf(file) {
  const text = readFileSync(new URL(`src/${file}`, root), 'utf8');
  const comment = text.match(/^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//)?.[1];
  if (comment === undefined) return '';
  const words = comment
    .replace(/^\s*\* ?/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return words
    .match(/^.*?[.:](?= |$)|^.*$/)[0]
    .replace(/[.:]$/, '')
    .replaceAll('|', '\\|');
}

const folderOf = file => file.split('/').slice(0, -1).join('/');

/** Doors first, then the folders from the ground up, each followed by the folders in it. */
function rank(folder) {
  return folder === '' ? -1 : folders.findIndex(each => folder === each || folder.startsWith(`${each}/`));
}

function map() {
  const names = [...new Set(files.map(folderOf))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return names.map(folder => {
    const rows = files
      .filter(file => folderOf(file) === folder)
      .map(file => `- \`${file.split('/').at(-1)}\` ${purposeOf(file)}`.trimEnd());
    return `### ${folder === '' ? 'The doors' : `\`${folder}/\``}\n\n${rows.join('\n')}\n`;
  });
}

const text = readFileSync(page, 'utf8');
const [before, after] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
const made = `${before}${BEGIN}\n\n${map().join('\n')}\n${after}`;

if (process.argv.includes('--check')) {
  if (made !== text) {
    console.error('docs/architecture.md: the code map is stale; run `node scripts/code-map.js`');
    process.exit(1);
  }
} else {
  writeFileSync(page, made);
}
