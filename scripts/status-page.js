// The status page as one document: the parts in src/servers/monitor/page, put into one another.
import { readFileSync } from 'node:fs';

const folder = new URL('../src/servers/monitor/page/', import.meta.url);

/** The text of the document that the bundle carries. */
export function statusPage(from = folder) {
  const part = name => readFileSync(new URL(name, from), 'utf8');
  // One script has neither imports nor exports. Comments and indentation stay behind.
  const script = ['plot.js', 'view.js']
    .map(part)
    .join('')
    .replace(/^import .*\n|^ *\/\/.*\n|^ *\/\*\*.*\*\/\n/gm, '')
    .replace(/^export /gm, '')
    .replace(/^ +/gm, '');
  const style = part('page.css').replace(/^ +/gm, '');
  return part('page.html')
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script type="module"></script>', () => `<script type="module">${script}</script>`);
}
