import { bar, bytes, count, el, percent, section, svg, table } from './dom.js';

const TYPES = ['string', 'hash', 'list', 'set', 'zset', 'stream'];

/** @param {string} type */
const typeKind = (type) => (TYPES.includes(type) ? type : 'other');

/** @param {any} data */
export function memorySection({ nodes, prefixes, types, largest, sample }) {
  if (nodes.length === 0 && types.length === 0) return undefined;
  return section(
    'memory',
    'Memory',
    nodes.length > 0 ? nodeTable(nodes) : undefined,
    types.length > 0 ? typeFigure(types, sample) : undefined,
    prefixes.rows.length > 0 ? prefixTable(prefixes, sample) : undefined,
    largest.length > 0 ? largestTable(largest) : undefined,
  );
}

/** @param {any} share */
const size = ({ bytes: value, plusMinus }) =>
  plusMinus > 0 ? `${bytes(value)} ± ${bytes(plusMinus)}` : bytes(value);

/** @param {any[]} nodes */
function nodeTable(nodes) {
  const rows = nodes.map(({ name, usedBytes, datasetBytes, peakBytes, rssBytes, maxmemoryBytes, policy }) => {
    const of = maxmemoryBytes
      ? `${bytes(usedBytes)} of ${bytes(maxmemoryBytes)}`
      : `${bytes(usedBytes)}, no limit`;
    const known = (/** @type {number | undefined} */ value) => (value === undefined ? '' : bytes(value));
    const part = maxmemoryBytes ? usedBytes / maxmemoryBytes : 0;
    return [name, bar(part, of), bytes(datasetBytes), known(peakBytes), known(rssBytes), policy ?? ''];
  });
  const heads = ['Node', 'Used', 'Data', 'Peak', 'Resident', 'Policy'];
  return table('By node, against maxmemory', heads, rows, [2, 3, 4]);
}

/** @param {any[]} types @param {any} sample */
function typeFigure(types, sample) {
  const total = types.reduce((sum, one) => sum + one.bytes, 0);
  let x = 0;
  const parts = types.map(({ name, bytes: value }) => {
    const width = total === 0 ? 0 : (value / total) * 1000;
    x += width;
    return svg('rect', { class: `fill-${typeKind(name)}`, x: x - width, width, height: 24 });
  });
  const legend = types.map((one) =>
    el(
      'li',
      {},
      svg(
        'svg',
        { class: 'key', viewBox: '0 0 10 10', 'aria-hidden': 'true' },
        svg('rect', { class: `fill-${typeKind(one.name)}`, width: 10, height: 10 }),
      ),
      el('strong', {}, one.name),
      ` ${size(one)} (${percent(total === 0 ? 0 : one.bytes / total)}), ${count(one.keys)} keys`,
    ),
  );
  return el(
    'figure',
    {},
    el('figcaption', {}, `Keys by type${estimated(sample)}`),
    svg(
      'svg',
      { class: 'stack', viewBox: '0 0 1000 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      ...parts,
    ),
    el('ul', { class: 'legend' }, legend),
  );
}

/** @param {any} sample */
const estimated = (sample) =>
  !sample || sample.complete
    ? ''
    : `, estimated from ${count(sample.looked)} of ${count(sample.keys)}; ± is half of the 95 % interval`;

/** @param {any} prefixes @param {any} sample */
function prefixTable({ rows, rest }, sample) {
  const largest = rows[0].bytes || 1;
  const lines = rows.map((/** @type {any} */ one) => [
    el('code', {}, one.name),
    bar(one.bytes / largest, size(one), typeKind(one.types[0])),
    one.types.join(', '),
    count(one.keys),
    percent(one.keys === 0 ? 0 : one.withoutTtl / one.keys),
  ]);
  const more = rest
    ? [[`${count(rest.count)} more`, bar(rest.bytes / largest, bytes(rest.bytes)), '', count(rest.keys), '']]
    : [];
  const heads = ['Name', 'Memory', 'Type', 'Keys', 'Without TTL'];
  return table(`Keys by the form of their names${estimated(sample)}`, heads, [...lines, ...more], [3, 4]);
}

/** @param {any[]} keys */
function largestTable(keys) {
  const rows = keys.map((one) => [
    el('code', {}, one.key),
    bytes(one.bytes),
    count(one.elements),
    `${one.type}, ${one.encoding}`,
    one.node,
  ]);
  return table(
    'Largest keys that were met',
    ['Key', 'Memory', 'Elements or bytes', 'Kind', 'Node'],
    rows,
    [1, 2],
  );
}
