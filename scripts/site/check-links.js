// Checks the site that `npm run docs` made: every link leads to a page, a file or a heading that is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import process from 'node:process';

const site = resolve(process.argv[2] ?? 'docs/api');

/** The places of a page that a link can name. */
function anchorsOf(html) {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, name]) => name));
}

function linksOf(html) {
  return [...html.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link]) => link.replaceAll('&amp;', '&'));
}

const pages = new Map(
  readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.html'))
    .map(name => [name, readFileSync(join(site, name), 'utf8')]),
);
const anchors = new Map([...pages].map(([name, html]) => [name, anchorsOf(html)]));

/** What is wrong with a link, if anything is. */
function faultOf(page, link) {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path, anchor] = decodeURI(link).split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(site, target))) return 'no such file';
  if (anchor && anchors.has(target) && !anchors.get(target).has(anchor)) return 'no such heading';
  return undefined;
}

let faults = 0;
let links = 0;
for (const [page, html] of pages) {
  for (const link of new Set(linksOf(html))) {
    links++;
    const fault = faultOf(page, link);
    if (fault === undefined) continue;
    faults++;
    console.error(`${page}: ${link}: ${fault}`);
  }
}
console.log(`${pages.size} pages, ${links} links, ${faults} of them dead`);
process.exit(faults === 0 && pages.size > 0 ? 0 : 1);
