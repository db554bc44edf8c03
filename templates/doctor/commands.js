import { bar, count, drawn, el, percent, rate, section, shortened, svg, table, time } from './dom.js';

/** @param {any} data */
export function commandsSection({ commands, moreCommands, slow, events }) {
  if (commands.length === 0 && slow.length === 0 && events.length === 0) return undefined;
  const timed = commands.filter((/** @type {any} */ one) => one.percentiles.length > 0);
  return section(
    'commands',
    'Commands and latency',
    commands.length > 0 ? loadTable(commands, moreCommands) : undefined,
    timed.length > 0 ? latencyFigure(timed) : undefined,
    slow.length > 0 ? slowTable(slow) : undefined,
    events.length > 0 ? eventTable(events) : undefined,
  );
}

/** @param {any[]} commands @param {number} more */
function loadTable(commands, more) {
  const fastest = Math.max(1e-9, ...commands.map(({ perSecond }) => perSecond ?? 0));
  const rated = commands.some(({ perSecond }) => perSecond !== undefined);
  const rows = commands.map(({ name, calls, perSecond, usec, timeShare }) => [
    el('code', {}, name),
    bar(timeShare, percent(timeShare)),
    ...(rated ? [perSecond === undefined ? '' : bar(perSecond / fastest, rate(perSecond), 'second')] : []),
    count(calls),
    time(calls === 0 ? 0 : usec / calls),
  ]);
  const heads = ['Command', 'Share of time', ...(rated ? ['Calls a second'] : []), 'Calls', 'Mean'];
  const caption = `Commands since statistics began, by time${more > 0 ? `; ${count(more)} more took less` : ''}`;
  return table(caption, heads, rows, rated ? [3, 4] : [2, 3]);
}

/** @param {any[]} timed */
function latencyFigure(timed) {
  const shown = timed.slice(0, 12);
  const asTable = table(
    'The same as numbers',
    ['Command', ...names(shown)],
    shown.map(({ name, percentiles }) => [
      el('code', {}, name),
      ...names(shown).map((one) =>
        time(percentiles.find((/** @type {any} */ p) => `p${p.percentile}` === one)?.usec ?? 0),
      ),
    ]),
    names(shown).map((_, i) => i + 1),
  );
  return el(
    'figure',
    {},
    el(
      'figcaption',
      {},
      `Time inside the server by command: ${names(shown).join(', ')} of the slowest node, logarithmic`,
    ),
    drawn('latency', (width) => latencyPicture(shown, width)),
    el('details', {}, el('summary', {}, 'As a table'), asTable),
  );
}

/** @param {any[]} timed @returns {string[]} */
const names = (timed) => [
  ...new Set(
    timed.flatMap(({ percentiles }) => percentiles.map((/** @type {any} */ p) => `p${p.percentile}`)),
  ),
];

const ROW = 26;
const TOP = 28;

/** @param {any[]} timed @param {number} width */
function latencyPicture(timed, width) {
  const left = Math.min(150, width * 0.3);
  const all = timed.flatMap(({ percentiles }) =>
    percentiles.map((/** @type {any} */ p) => Math.max(1, p.usec)),
  );
  const most = Math.max(1, Math.ceil(Math.log10(Math.max(...all)) + 0.15));
  const right = width - 64;
  const x = (/** @type {number} */ usec) => left + (Math.log10(Math.max(1, usec)) / most) * (right - left);
  const height = TOP + timed.length * ROW + 4;
  const every = Math.ceil(most / Math.max(1, Math.floor((right - left) / 62)));
  const ticks = Array.from({ length: most + 1 }, (_, i) => i).filter((i) => i % every === 0);
  return svg(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': spoken(timed) },
    ...ticks.flatMap((i) => [
      svg('line', { class: 'grid', x1: x(10 ** i), x2: x(10 ** i), y1: TOP - 8, y2: height }),
      svg('text', { class: 'axis', x: x(10 ** i), y: 12, 'text-anchor': 'middle' }, time(10 ** i)),
    ]),
    ...timed.map((one, i) => latencyRow(one, TOP + i * ROW + ROW / 2, x, left)),
  );
}

/** @param {any} command @param {number} y @param {(usec: number) => number} x @param {number} left */
function latencyRow({ name, percentiles }, y, x, left) {
  const [first] = percentiles;
  const last = percentiles.at(-1);
  const said = percentiles.map((/** @type {any} */ p) => `p${p.percentile} ${time(p.usec)}`).join(', ');
  return svg(
    'g',
    {},
    svg('title', {}, `${name}: ${said}`),
    svg('text', { class: 'label', x: 0, y: y + 4 }, shortened(name, Math.floor(left / 8))),
    svg('line', { class: 'range', x1: x(first.usec), x2: x(last.usec), y1: y, y2: y }),
    ...percentiles.map((/** @type {any} */ p, /** @type {number} */ i) =>
      svg('circle', { class: `point point-${percentiles.length - 1 - i}`, cx: x(p.usec), cy: y, r: 5 }),
    ),
    svg('text', { class: 'axis', x: x(last.usec) + 10, y: y + 4 }, time(last.usec)),
  );
}

/** @param {any[]} timed */
const spoken = (timed) =>
  `Latency by command. ${timed.map(({ name, percentiles }) => `${name}: p${percentiles.at(-1).percentile} ${time(percentiles.at(-1).usec)}`).join('; ')}`;

/** @param {any[]} slow */
function slowTable(slow) {
  const rows = slow.map((one) => [
    el('code', {}, [one.command, one.first].filter(Boolean).join(' ')),
    time(one.usec),
    moment(one.atSeconds),
    one.at,
  ]);
  return table('Slowest commands in the slow logs', ['Command', 'Took', 'When', 'Node'], rows, [1]);
}

/** @param {any[]} events */
function eventTable(events) {
  const rows = events.map((one) => [
    one.event,
    time(one.worstMs * 1000),
    time(one.latestMs * 1000),
    moment(one.atSeconds),
    one.at,
  ]);
  return table('Latency events', ['Event', 'Worst', 'Latest', 'When', 'Node'], rows, [1, 2]);
}

/** @param {number} seconds */
const moment = (seconds) =>
  new Date(seconds * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' UTC');
