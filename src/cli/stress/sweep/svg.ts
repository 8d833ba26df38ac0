/** The plots of a sweep: one SVG without scripts, readable on dark and on light, by colours as well as by marks. */
import { linearScale, logScale, type Scale } from './scale.js';
import { valuesOf, type Curve, type SweepTable } from './table.js';

const WIDTH = 560;
const PLOT = { left: 72, top: 56, width: 456, height: 220 };
/** Of the axis and its name, below the plot. */
const BELOW = 56;
const LEGEND_LINE = 20;
const LEGEND_COLUMN = 228;
const LEGEND_GAP = 14;
const GAP = 12;

/** Each has 3:1 or more against both backgrounds. */
const COLOURS = ['#2f7fe0', '#d9660f', '#1f9355', '#b14bc4', '#c0392b', '#0f8a99', '#8a7a12', '#7a6ff0'];
const MARKS: readonly ((x: number, y: number) => string)[] = [
  (x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`,
  (x, y) => `M${x - 4} ${y - 4}h8v8h-8z`,
  (x, y) => `M${x} ${y - 5}l5 9h-10z`,
  (x, y) => `M${x} ${y - 5}l5 5l-5 5l-5 -5z`,
];

const STYLE = `
.back{fill:#fff}.ink{fill:#1c2128}.soft{fill:#57606a}.grid{stroke:#d0d7de;stroke-width:1}
text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:14px}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
@media (prefers-color-scheme:dark){.back{fill:#12161c}.ink{fill:#e6edf3}.soft{fill:#9aa5b1}.grid{stroke:#333c47}}`;

/** @param caption below all: what it was measured on. */
export function renderSvg(tables: readonly SweepTable[], caption: string): string {
  let top = 0;
  const panels = tables.map(table => {
    const panel = `<g transform="translate(0 ${top})">${panelOf(table)}</g>`;
    top += heightOf(table) + GAP;
    return panel;
  });
  const height = top + 28;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escape(tables.map(({ title }) => title).join('; '))}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}"/>`,
    ...panels,
    `<text class="soft" x="16" y="${top + 10}">${escape(caption)}</text>`,
    '</svg>\n',
  ].join('\n');
}

function legendHeight({ curves }: SweepTable): number {
  return Math.ceil(curves.length / 2) * LEGEND_LINE + LEGEND_GAP;
}

function heightOf(table: SweepTable): number {
  return PLOT.top + legendHeight(table) + PLOT.height + BELOW;
}

function panelOf(table: SweepTable): string {
  const values = valuesOf(table);
  const known = table.curves.flatMap(({ points }) => points.flatMap(({ y }) => y ?? []));
  const x = logScale(values);
  const y = linearScale(Math.max(1e-3, ...known));
  const top = PLOT.top + legendHeight(table);
  return [
    `<text class="ink title" x="16" y="26">${escape(table.title)}</text>`,
    `<text class="soft" x="16" y="44">${escape(table.y)}</text>`,
    ...table.curves.map((curve, index) => legendOf(curve, index)),
    `<g transform="translate(${PLOT.left} ${top})">`,
    ...gridOf(x, y),
    `<text class="soft" x="${PLOT.width / 2}" y="${PLOT.height + 40}" text-anchor="middle">${escape(table.x)}</text>`,
    ...table.curves.map((curve, index) => curveOf(curve, index, x, y)),
    '</g>',
  ].join('\n');
}

function legendOf({ name }: Curve, index: number): string {
  const x = 24 + (index % 2) * LEGEND_COLUMN;
  const y = PLOT.top + 8 + Math.floor(index / 2) * LEGEND_LINE;
  return `<path fill="${colourOf(index)}" d="${markOf(index)(x, y)}"/><text class="ink" x="${x + 12}" y="${y + 4}">${escape(name)}</text>`;
}

function gridOf(x: Scale, y: Scale): string[] {
  const rows = y.ticks.map(tick => {
    const at = round(PLOT.height * (1 - y.at(tick)));
    return `<path class="grid" d="M0 ${at}H${PLOT.width}"/><text class="soft" x="-8" y="${at + 4}" text-anchor="end">${label(tick)}</text>`;
  });
  const columns = x.ticks.map(tick => {
    const at = round(PLOT.width * x.at(tick));
    return `<text class="soft" x="${at}" y="${PLOT.height + 20}" text-anchor="middle">${label(tick)}</text>`;
  });
  return [...rows, ...columns];
}

/** Where a point could not be measured, the line has a gap. */
function curveOf({ name, points }: Curve, index: number, x: Scale, y: Scale): string {
  const colour = colourOf(index);
  let path = '';
  let marks = '';
  for (const [place, point] of points.entries()) {
    if (point.y === null) continue;
    const [left, top] = [round(PLOT.width * x.at(point.x)), round(PLOT.height * (1 - y.at(point.y)))];
    const follows = place > 0 && points[place - 1].y !== null;
    path += `${follows ? 'L' : 'M'}${left} ${top}`;
    marks += markOf(index)(left, top);
  }
  return `<g><title>${escape(name)}</title><path class="line" stroke="${colour}" d="${path}"/><path fill="${colour}" d="${marks}"/></g>`;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length];
}

function markOf(index: number): (x: number, y: number) => string {
  // The ninth has the colour of the first, and must not have its mark too.
  return MARKS[(index + Math.floor(index / COLOURS.length)) % MARKS.length];
}

function label(value: number): string {
  if (value >= 1e6) return `${round(value / 1e6)}M`;
  if (value >= 10_000) return `${round(value / 1000)}k`;
  return String(round(value * 100) / 100);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, found => `&#${found.charCodeAt(0)};`);
}
