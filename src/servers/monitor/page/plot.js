// Plots over the last minutes: lines, or areas on top of each other. All of them show the same moment under the pointer.

const NAMESPACE = 'http://www.w3.org/2000/svg';
const [LEFT, RIGHT, TOP, BOTTOM] = [0, 0, 14, 16];
const MINUTE_MS = 60_000;
export const SPAN_MS = 5 * MINUTE_MS;
/** Where an interval is that much longer, there was nobody who measured. */
const GAP = 3.5;
/** Lines that a legend names. */
const MOST_NAMES = 8;

export const plots = [];
/** The moment under the pointer, from 0 at the left to 1; undefined: the last. */
let pointed;

export function node(name, properties = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

export function shape(name, attributes = {}) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A number above all values that is easy to halve and to read. */
function ceilingOf(value, base) {
  if (value <= 0) return base === 1024 ? 1024 : 1;
  let unit = 1;
  if (base === 1024) while (value > 1024 * unit && unit < 2 ** 40) unit *= 1024;
  const power = 10 ** Math.floor(Math.log10(value / unit));
  return (
    [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].map(step => step * power * unit).find(each => each >= value) ??
    10 * power * unit
  );
}

/** Of a plot: its title, how a number is written, whether areas stand on each other, and its lines by point. */
export class Plot {
  constructor({ title, format, stacked = false, base = 10, series }) {
    Object.assign(this, { format, stacked, base, series });
    this.time = node('time');
    this.legend = node('ul', { className: 'legend' });
    this.svg = shape('svg', { role: 'img', 'aria-label': title });
    const caption = node('figcaption', {}, node('span', { textContent: title }), this.time);
    this.element = node('figure', { className: 'plot' }, caption, this.legend, this.svg);
    this.points = [];
    this.svg.addEventListener('pointermove', event => this.point(event));
    this.svg.addEventListener('pointerdown', event => this.point(event));
    this.svg.addEventListener('pointerleave', () => showMoment(undefined));
    plots.push(this);
  }

  point({ clientX }) {
    const { left, width } = this.svg.getBoundingClientRect();
    showMoment(Math.min(1, Math.max(0, (clientX - left - LEFT) / (width - LEFT - RIGHT))));
  }

  draw(points) {
    this.points = points;
    const { clientWidth: width, clientHeight: height } = this.svg;
    if (points.length === 0 || width === 0) return;
    const end = points.at(-1).at;
    const lines = this.series(points).slice(0, 32);
    const x = at => LEFT + (1 - (end - at) / SPAN_MS) * (width - LEFT - RIGHT);
    const floors = points.map(() => 0);
    const tops = lines.map(({ values }) =>
      this.stacked ? values.map((value, index) => (floors[index] += value ?? 0)) : values,
    );
    const ceiling = ceilingOf(Math.max(0, ...tops.flat().filter(value => value !== undefined)), this.base);
    const y = value => TOP + (1 - value / ceiling) * (height - TOP - BOTTOM);
    const marks = [];
    for (const share of [0, 0.5, 1]) {
      const level = Math.round(y(share * ceiling)) + 0.5;
      marks.push(shape('line', { class: 'grid', x1: 0, x2: width, y1: level, y2: level }));
      const label = shape('text', { x: 0, y: level - 3 });
      label.textContent = share === 0 ? '' : this.format(share * ceiling);
      marks.push(label);
    }
    for (let minute = 1; minute < 5; minute++) {
      const label = shape('text', { x: x(end - minute * MINUTE_MS), y: height - 3, 'text-anchor': 'middle' });
      label.textContent = `−${minute} min`;
      marks.push(label);
    }
    // The upper ones first, so that each area ends where the next begins.
    const curves = lines.flatMap(({ color }, index) => this.curve(points, { x, y, color, tops, index })).reverse();
    const chosen = this.chosen();
    if (pointed !== undefined && chosen !== undefined) {
      const at = Math.round(x(points[chosen].at)) + 0.5;
      marks.push(shape('line', { class: 'cross', x1: at, x2: at, y1: TOP, y2: height - BOTTOM }));
    }
    this.svg.replaceChildren(
      ...marks.filter(({ tagName }) => tagName === 'line'),
      ...curves,
      ...marks.filter(({ tagName }) => tagName === 'text'),
    );
    this.name(lines, chosen);
  }

  curve(points, { x, y, color, tops, index }) {
    const runs = [];
    points.forEach(({ at }, place) => {
      const value = tops[index][place];
      if (value === undefined) return;
      const before = points[place - 1];
      const isNew = runs.length === 0 || before === undefined || at - before.at > GAP * 1000;
      if (isNew) runs.push([]);
      runs
        .at(-1)
        .push([
          x(at).toFixed(1),
          y(value).toFixed(1),
          y(this.stacked && index > 0 ? tops[index - 1][place] : 0).toFixed(1),
        ]);
    });
    const line = runs.map(run => `M${run.map(([left, top]) => `${left},${top}`).join('L')}`).join('');
    const curve = shape('path', { class: 'curve', d: line });
    curve.style.stroke = `var(--${color})`;
    if (!this.stacked) return [curve];
    const areas = runs.map(run => {
      const back = [...run].reverse().map(([left, , bottom]) => `${left},${bottom}`);
      return `M${run.map(([left, top]) => `${left},${top}`).join('L')}L${back.join('L')}Z`;
    });
    const area = shape('path', { class: 'area', d: areas.join('') });
    area.style.fill = `var(--${color})`;
    return [curve, area];
  }

  /** The index of the point under the pointer, or of the last. */
  chosen() {
    const { points } = this;
    if (pointed === undefined) return points.length - 1;
    const at = points.at(-1).at - (1 - pointed) * SPAN_MS;
    let best = 0;
    points.forEach((point, index) => {
      if (Math.abs(point.at - at) < Math.abs(points[best].at - at)) best = index;
    });
    return best;
  }

  name(lines, chosen) {
    const { at } = this.points[chosen];
    this.time.textContent = pointed === undefined ? '' : new Date(at).toLocaleTimeString();
    const names = lines.slice(0, MOST_NAMES).map(({ name, color, values }) => {
      const swatch = node('i');
      swatch.style.background = `var(--${color})`;
      const value = values[chosen];
      const text = value === undefined ? '–' : this.format(value);
      return node('li', {}, swatch, `${name} `, node('b', { textContent: text }));
    });
    const more = lines.length - MOST_NAMES;
    if (more > 0) names.push(node('li', { textContent: `and ${more} more` }));
    this.legend.replaceChildren(...names);
  }
}

function showMoment(moment) {
  pointed = moment;
  for (const plot of plots) plot.draw(plot.points);
}

addEventListener('resize', () => showMoment(pointed));
