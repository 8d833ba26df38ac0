// What the page shows: tiles, plots, upstreams, and what was counted since the start.
import { node, Plot, plots, shape, SPAN_MS } from './plot.js';

const COLORS = ['blue', 'green', 'amber', 'violet', 'cyan', 'pink', 'red', 'gray'];
const STATE_COLORS = { up: 'green', trying: 'blue', ready: 'amber', resting: 'amber', down: 'red' };
const MOST_POINTS = 300;

const find = id => document.getElementById(id);
const points = [];
let states = [];

function count(value) {
  if (value < 10 && value % 1 !== 0) return value.toFixed(1);
  if (value < 10_000) return `${Math.round(value)}`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} k` : `${(value / 1e6).toFixed(1)} M`;
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const perSecond = format => value => `${format(value)}/s`;

function milliseconds(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 100 ? Math.round(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

const percent = value => `${Math.round(value * 100)} %`;

function duration(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

/** One line for each of the names, which `read` finds in a point. */
function fixed(names, read) {
  return all => names.map(([name, color, key]) => ({ name, color, values: all.map(point => read(point, key)) }));
}

/** One line for each thread, or upstream, that there has been. */
function each(group, place) {
  return all => {
    const names = [...new Set(all.flatMap(point => Object.keys(point[group])))];
    return names.map((key, index) => {
      const values = all.map(point => point[group][key]?.[place]);
      return { name: key.replace(/^default\//, ''), color: COLORS[index % COLORS.length], values };
    });
  };
}

const CLASSES = [
  ['2xx', 'green', 2],
  ['3xx', 'blue', 3],
  ['4xx', 'amber', 4],
  ['5xx', 'red', 5],
];
const PATHS = [
  ['sendfile', 'green', 'sendfile'],
  ['splice', 'blue', 'splice'],
  ['buffers', 'violet', 'buffers'],
  ['TLS', 'amber', 'tls'],
];
const LATENCY = [
  ['half below', 'blue', 'p50'],
  ['99 of 100 below', 'pink', 'p99'],
];

const EVERY_SERVER = [
  { title: 'Open connections', format: count, series: fixed([['open', 'blue', 'open']], (point, key) => point[key]) },
  {
    title: 'Bytes by path',
    format: perSecond(bytes),
    stacked: true,
    base: 1024,
    series: fixed(PATHS, (point, key) => point.bytes[key]),
  },
];
const THREADS = [
  { title: 'Loop lag of each thread, p99', format: milliseconds, series: each('threads', 1) },
  { title: 'Queue of each thread', format: count, series: each('threads', 2) },
  { title: 'Threads at work', format: percent, series: each('threads', 0) },
];
const REQUESTS = {
  title: 'Responses',
  format: perSecond(count),
  stacked: true,
  series: fixed(CLASSES, ({ responses }, digit) => responses[digit]),
};
const TROUBLE = [
  ['new', 'blue', 'accepted'],
  ['refused', 'amber', 'refused'],
  ['broken', 'red', 'failed'],
];
const CLIENTS = {
  title: 'Connections and trouble',
  format: perSecond(count),
  series: fixed(TROUBLE, (point, key) => point[key]),
};

const ACTIVE = { title: 'Connections of upstreams', format: count, series: each('upstreams', 1) };

function plotsFor({ requests, upstreams }) {
  const [open, paths] = EVERY_SERVER;
  const knowsRequests = requests !== undefined;
  const latency = {
    title: knowsRequests ? 'Time to respond' : 'Time to an upstream',
    format: milliseconds,
    series: fixed(LATENCY, (point, key) => point[key]),
  };
  const hasUpstreams = Object.keys(upstreams).length > 0;
  const ofKind = [...(knowsRequests ? [REQUESTS] : []), ...(hasUpstreams ? [ACTIVE] : [])];
  return [...ofKind, paths, open, CLIENTS, latency, ...THREADS];
}

function showTiles(point, { rssBytes }) {
  const total = Object.values(point.bytes).reduce((sum, each) => sum + each, 0);
  const first = point.requests === undefined ? ['new clients', point.accepted] : ['requests', point.requests];
  const tiles = [
    [first[0], perSecond(count)(first[1])],
    ['throughput', perSecond(bytes)(total)],
    ['connections', count(point.open)],
    ['99 of 100 below', milliseconds(point.p99)],
    ['processor', percent(point.cpu)],
    ['memory', bytes(rssBytes)],
  ];
  const made = tiles.map(([name, text]) => {
    const [, number, unit] = /^(\S+)\s*(.*)$/.exec(text.replace('/s', ' /s'));
    const value = node('b', {}, number, node('small', { textContent: unit.replace(' /s', '/s') }));
    return node('div', { className: 'tile' }, value, node('span', { textContent: name }));
  });
  find('tiles').replaceChildren(...made);
}

function showAbout({ title, kind, pid, node: version, pollux, backend, uptimeMs, states: threads }) {
  const kindOf = { static: 'static files', proxy: 'proxy' };
  document.title = title;
  find('title').textContent = title;
  const parts = [kindOf[kind] ?? 'no thread runs', `pid ${pid}`, `up ${duration(uptimeMs)}`, backend];
  const stuck = threads.filter(([, state]) => state !== 'running').map(each => each.join(' '));
  find('about').textContent = [...parts, `Pollux ${pollux}`, `Node ${version}`, ...stuck].filter(Boolean).join(' · ');
}

/** Its state over time, as runs of one colour. */
function strip(key) {
  const drawn = shape('svg', { viewBox: '0 0 300 1', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'state' });
  const end = points.at(-1).at;
  let run;
  for (const { at, upstreams } of points) {
    const state = states[upstreams[key]?.[0]];
    const x = 300 - ((end - at) * 300) / SPAN_MS - 1;
    if (state !== undefined && run?.state === state && x - run.end < 3) run.end = x + 1;
    else
      run =
        state === undefined ? undefined : { state, begin: x, end: x + 1, shape: shape('rect', { y: 0, height: 1 }) };
    if (run === undefined) continue;
    run.shape.setAttribute('x', run.begin);
    run.shape.setAttribute('width', run.end - run.begin + 0.3);
    run.shape.style.fill = `var(--${STATE_COLORS[state]})`;
    drawn.append(run.shape);
  }
  return drawn;
}

function showUpstreams({ upstreams }) {
  const last = points.at(-1);
  find('upstreams').hidden = upstreams.length === 0;
  const rows = upstreams.filter(({ key }) => key in last.upstreams);
  const cards = rows.map(({ key, weight, backup, connected, failed, retried, lastFailure }) => {
    const [index, active, rate] = last.upstreams[key];
    const state = node('span', { className: 'state', textContent: states[index] });
    state.style.color = `var(--${STATE_COLORS[states[index]]})`;
    const head = node('div', {}, node('strong', { textContent: key.replace(/^default\//, '') }), state);
    const facts = [
      `${count(active)} open`,
      `${count(rate)}/s new`,
      `${count(connected)} in all`,
      `${count(failed)} failed`,
      `${count(retried)} retried`,
      weight === 1 ? '' : `weight ${weight}`,
      backup ? 'backup' : '',
    ];
    const lines = [node('p', { textContent: facts.filter(Boolean).join(' · ') })];
    if (lastFailure) lines.push(node('p', { textContent: `last failure: ${lastFailure}` }));
    return node('article', { className: 'upstream' }, head, strip(key), ...lines);
  });
  const more = upstreams.length - rows.length;
  if (more > 0) cards.push(node('p', { textContent: `and ${more} more, which /status.json and the metrics have` }));
  find('rows').replaceChildren(...cards);
}

function showCounts({ refused, ended }) {
  const named = (prefix, counts) => Object.entries(counts).map(([name, value]) => [`${prefix}${name}`, value]);
  const all = [...named('', ended), ...named('refused: ', refused)];
  find('counts').hidden = all.length === 0;
  const rows = all.map(([name, value]) =>
    node('div', {}, node('dt', { textContent: name }), node('dd', { textContent: count(value) })),
  );
  find('list').replaceChildren(...rows);
}

function show(about) {
  const last = points.at(-1);
  if (last === undefined) return;
  if (plots.length === 0) for (const plot of plotsFor(last)) find('plots').append(new Plot(plot).element);
  if (about !== undefined) {
    showAbout(about);
    showTiles(last, about);
    showUpstreams(about);
    showCounts(about);
  }
  for (const plot of plots) plot.draw(points);
}

function live(text, name) {
  find('live').textContent = text;
  find('live').className = name;
}

const source = new EventSource('events');
source.onopen = () => live('measuring …', '');
source.onerror = () => live('no connection', 'off');
source.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.points !== undefined) {
    states = message.states;
    points.splice(0, Infinity, ...message.points);
    return show();
  }
  live('live', 'on');
  points.push(message.point);
  if (points.length > MOST_POINTS) points.shift();
  show(message.about);
};
