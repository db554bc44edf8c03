import { drawn, percent, section, shortened, svg } from './dom.js';

const BOX = { least: 224, most: 330, height: 80, gap: 16, below: 34 };
/** Strokes reach beyond their boxes by half of their width. */
const EDGE = 1;
/** Of an average character in the font of names, and of lines below. */
const NAME_WIDTH = 8.4;
const LINE_WIDTH = 7.2;
const SENTINEL_HEIGHT = 76;

/** @param {any} data */
export function topologySection({ topology, what }) {
  if (topology.shards.length === 0 && topology.sentinels.length === 0) return undefined;
  const groups = topology.shards.map((/** @type {any} */ shard) => [shard.primary, ...shard.replicas]);
  const boxes = groups.flat().filter(Boolean);
  const bad = boxes.filter((/** @type {any} */ one) => ['doubtful', 'down'].includes(one.state));
  const names = bad.map((/** @type {any} */ one) => one.name).join(', ');
  const label = bad.length === 0 ? `${what}, all in good order` : `${what}; not in good order: ${names}`;
  return section(
    'topology',
    'Topology',
    drawn('map', (width) => picture(topology, label, width)),
  );
}

/** @param {any} topology @param {string} label @param {number} width */
function picture({ shards, sentinels }, label, width) {
  const columns = Math.max(1, Math.floor((width - 2 * EDGE + BOX.gap) / (BOX.least + BOX.gap)));
  const most = (width - 2 * EDGE + BOX.gap) / columns - BOX.gap;
  const wide = Math.floor(Math.min(BOX.most, most));
  const step = wide + BOX.gap;
  const parts = [];
  let top = EDGE;
  if (sentinels.length > 0) {
    parts.push(
      ...sentinels.map((/** @type {any} */ one, /** @type {number} */ i) => sentinel(one, place(i), wide)),
    );
    top += Math.ceil(sentinels.length / columns) * (SENTINEL_HEIGHT + BOX.gap);
    parts.push(svg('line', { class: 'watch', x1: 0, x2: width, y1: top - 2, y2: top - 2 }));
    top += BOX.gap;
  }
  for (let i = 0; i < shards.length; i += columns) {
    const row = shards.slice(i, i + columns);
    // Several replicas of the only shard stand beside each other where there is room.
    const beside = shards.length === 1 ? columns : 1;
    const placed = row.map((/** @type {any} */ shard, /** @type {number} */ j) =>
      shardParts(shard, { x: EDGE + j * step, y: top, wide, beside }),
    );
    parts.push(...placed.flatMap((/** @type {any} */ one) => one.parts));
    top = Math.max(...placed.map((/** @type {any} */ one) => one.bottom)) + BOX.gap * 1.5;
  }
  const height = Math.max(0, top - BOX.gap * 1.5 + EDGE);
  return svg(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    ...parts,
  );

  function place(/** @type {number} */ i) {
    return {
      x: EDGE + (i % columns) * step,
      y: EDGE + Math.floor(i / columns) * (SENTINEL_HEIGHT + BOX.gap),
    };
  }
}

/** @param {any} shard @param {{ x: number, y: number, wide: number, beside: number }} at  beside: replicas in a row */
function shardParts({ title, slotShare, primary, replicas }, { x, y, wide, beside }) {
  const parts = title ? shardHead(title, slotShare, { x, y, wide }) : [];
  let top = title ? y + 34 : y;
  if (primary) {
    parts.push(box(primary, { x, y: top, wide }));
    top += BOX.height + BOX.below;
  }
  const from = { x: x + 20, y: top - BOX.below };
  replicas.forEach((/** @type {any} */ replica, /** @type {number} */ i) => {
    const at = {
      x: x + (i % beside) * (wide + BOX.gap),
      y: top + Math.floor(i / beside) * (BOX.height + BOX.gap),
      wide,
    };
    if (primary) parts.unshift(link(replica, from, at));
    parts.push(box(replica, at));
  });
  const rows = Math.ceil(replicas.length / beside);
  return { parts, bottom: rows > 0 ? top + rows * (BOX.height + BOX.gap) - BOX.gap : top - BOX.below };
}

/** @param {string} title @param {number | undefined} share @param {{ x: number, y: number, wide: number }} at */
function shardHead(title, share, { x, y, wide }) {
  const text = share === undefined ? title : `${title} (${percent(share)})`;
  const bar =
    share === undefined
      ? []
      : [
          svg('rect', { class: 'track', x, y: y + 20, width: wide, height: 5, rx: 2 }),
          svg('rect', { class: 'fill fill-plain', x, y: y + 20, width: wide * share, height: 5, rx: 2 }),
        ];
  return [svg('text', { class: 'shard', x, y: y + 13 }, text), ...bar];
}

/** From the primary down to a replica, along the left so that it passes no box. @param {any} replica @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
function link({ link: state }, from, to) {
  const x = to.x + 20;
  const middle = from.y + BOX.below / 2;
  const path = `M${from.x} ${from.y}V${middle}H${x}V${to.y}`;
  return svg('path', { class: `link link-${state}`, d: path });
}

/** @param {any} node @param {{ x: number, y: number, wide: number }} at */
function box({ name, role, state, trouble, lines }, { x, y, wide }) {
  return svg(
    'g',
    { class: `node node-${role.replace(/\W/g, '-')} state-${state}`, transform: `translate(${x} ${y})` },
    svg('title', {}, [name, role, trouble, ...lines].filter(Boolean).join(', ')),
    svg('rect', { width: wide, height: BOX.height, rx: 8 }),
    svg('circle', { class: 'dot', cx: 16, cy: 19, r: 5 }),
    svg('text', { class: 'name', x: 30, y: 24 }, shortened(name, within(wide - 16, NAME_WIDTH))),
    svg(
      'text',
      { class: 'role', x: 14, y: 44 },
      shortened([role, trouble ?? lines[0]].filter(Boolean).join(' · '), within(wide, LINE_WIDTH)),
    ),
    svg(
      'text',
      { class: 'role', x: 14, y: 62 },
      shortened(lines.slice(1).join(' · '), within(wide, LINE_WIDTH)),
    ),
  );
}

/** Characters that a line of a box holds. @param {number} wide @param {number} character */
const within = (wide, character) => Math.floor((wide - 24) / character);

/** @param {any} one @param {{x: number, y: number}} at @param {number} wide */
function sentinel({ name, state, lines }, { x, y }, wide) {
  return svg(
    'g',
    { class: `node node-sentinel state-${state}`, transform: `translate(${x} ${y})` },
    svg('title', {}, ['Sentinel', name, ...lines].join(', ')),
    svg('rect', { width: wide, height: SENTINEL_HEIGHT, rx: 8 }),
    svg('circle', { class: 'dot', cx: 16, cy: 19, r: 5 }),
    svg('text', { class: 'name', x: 30, y: 24 }, shortened(name, within(wide - 16, NAME_WIDTH))),
    svg('text', { class: 'role', x: 14, y: 44 }, ['Sentinel', lines[0]].join(' · ')),
    svg(
      'text',
      { class: 'role', x: 14, y: 62 },
      shortened(lines.slice(1).join(' · '), within(wide, LINE_WIDTH)),
    ),
  );
}
