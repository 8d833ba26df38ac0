/**
 * The page that shows a list of files: one document without scripts, for narrow and wide screens, by day and by night.
 */

/** What is listed of one name. */
export interface ListedEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

const STYLE = `
:root { color-scheme: light dark; --text: #1c1f24; --soft: #646b76; --line: #e3e6ea; --back: #fff; --over: #f4f6f8; --link: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e7eb; --soft: #98a1ad; --line: #2b3038; --back: #14171b; --over: #1d2127; --link: #7fb7f0; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
h1 { font-size: 1.15rem; font-weight: 600; margin: 0 0 1rem; overflow-wrap: anywhere; }
h1 a, td a { color: var(--link); text-decoration: none; }
h1 a:hover, td a:hover { text-decoration: underline; }
table { border-collapse: collapse; width: 100%; }
th { color: var(--soft); font-weight: 500; font-size: .8rem; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .55rem .6rem; }
tbody tr:hover { background: var(--over); }
.name { overflow-wrap: anywhere; width: 100%; }
.name a { display: block; }
.size, .time { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; text-align: right; }
p { color: var(--soft); }
@media (max-width: 34rem) {
  thead { display: none; }
  tr { display: grid; grid-template-columns: 1fr auto; }
  td { border: 0; padding: .15rem .4rem; }
  .name { grid-column: 1 / 3; padding-top: .6rem; font-size: 1.05rem; }
  .time { text-align: left; padding-bottom: .6rem; font-size: .85rem; }
  .size { font-size: .85rem; order: 3; }
  tr { border-bottom: 1px solid var(--line); }
}`;

/**
 * The page of a directory.
 *
 * @param path with a slash at both ends.
 * @param isCut whether there are more.
 */
export function listingPage(path: string, entries: readonly ListedEntry[], isCut: boolean): string {
  const up = path === '/' ? '' : row({ name: '..', kind: 'directory', sizeBytes: 0, modifiedMs: 0 });
  const rows = `${up}${entries.map(row).join('')}`;
  const table = `<table><thead><tr><th>Name</th><th class="size">Size</th><th class="time">Changed (UTC)</th></tr></thead><tbody>${rows}</tbody></table>`;
  const note = isCut ? `<p>There are more than ${entries.length} entries; the rest is not shown.</p>` : '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(path)}</title><style>${STYLE}</style></head>
<body><main><h1>${crumbs(path)}</h1>${rows === '' ? '<p>Nothing is here.</p>' : table}${note}</main></body></html>
`;
}

function row({ name, kind, sizeBytes, modifiedMs }: ListedEntry): string {
  const slash = kind === 'directory' ? '/' : '';
  const time = modifiedMs === 0 ? '' : new Date(modifiedMs).toISOString().slice(0, 16).replace('T', ' ');
  const size = kind === 'directory' ? '' : sizeOf(sizeBytes);
  // A name with a colon would be a URL of its own.
  const link = `./${encodeURIComponent(name)}${slash}`;
  return `<tr><td class="name"><a href="${name === '..' ? '../' : link}">${escape(name)}${slash}</a></td><td class="size">${size}</td><td class="time">${time}</td></tr>`;
}

function crumbs(path: string): string {
  const parts = path.split('/').filter(part => part !== '');
  const links = parts.map((part, index) => {
    const up = '../'.repeat(parts.length - 1 - index);
    return `<a href="${up === '' ? './' : up}">${escape(part)}</a> /`;
  });
  return [`<a href="${'../'.repeat(parts.length) || './'}">/</a>`, ...links].join(' ');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function sizeOf(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
