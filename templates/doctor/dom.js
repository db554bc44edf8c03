const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. Text goes in as text, never as HTML: names of keys come from strangers.
 * @param {string} name
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {...(Node | string | undefined | readonly (Node | string)[])} children
 * @returns {HTMLElement}
 */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/**
 * @param {string} name
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {...(Node | string | undefined | readonly (Node | string)[])} children
 * @returns {SVGElement}
 */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/**
 * @template {Element} T
 * @param {T} made @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {readonly (Node | string | undefined | readonly (Node | string)[])[]} children
 */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.flat().filter((child) => child !== undefined));
  return made;
}

/** A part of the page under a heading. @param {string} id @param {string} title @param {...(Node | undefined)} children */
export function section(id, title, ...children) {
  return el(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    el('h2', { id: `${id}-title` }, title),
    ...children,
  );
}

/**
 * A table that becomes a list of cards where there is no room, which is why roles are named.
 * @param {string} caption @param {readonly string[]} heads
 * @param {readonly (readonly (Node | string)[])[]} rows
 * @param {readonly number[]} [numeric] columns of numbers
 */
export function table(caption, heads, rows, numeric = []) {
  const kind = (/** @type {number} */ i) => (numeric.includes(i) ? 'number' : undefined);
  const head = heads.map((one, i) => el('th', { scope: 'col', role: 'columnheader', class: kind(i) }, one));
  const cell = (/** @type {Node | string} */ value, /** @type {number} */ i) =>
    i === 0
      ? el('th', { scope: 'row', role: 'rowheader' }, value)
      : el('td', { role: 'cell', class: kind(i), 'data-head': heads[i] }, el('div', {}, value));
  const body = rows.map((row) => el('tr', { role: 'row' }, row.map(cell)));
  return el(
    'table',
    { role: 'table' },
    el('caption', {}, caption),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, head)),
    el('tbody', { role: 'rowgroup' }, body),
  );
}

/** A bar beside its number, which says the same. @param {number} part 0 to 1 @param {string} label @param {string} [kind] */
export function bar(part, label, kind = 'plain') {
  const width = Math.max(0, Math.min(1, part)) * 100;
  return el(
    'div',
    { class: 'bar' },
    svg(
      'svg',
      { viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('rect', { class: 'track', width: 100, height: 8 }),
      svg('rect', { class: `fill fill-${kind}`, width: width > 0 ? Math.max(0.6, width) : 0, height: 8 }),
    ),
    el('span', {}, label),
  );
}

/** Draws again whenever the place has another width. @param {string} name @param {(width: number) => Node} draw */
export function drawn(name, draw) {
  const place = el('div', { class: `drawn ${name}` });
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.floor(place.clientWidth);
    if (now === width || now === 0) return;
    width = now;
    place.replaceChildren(draw(now));
  }).observe(place);
  return place;
}

/** @param {number} n */
export const count = (n) => Math.round(n).toLocaleString('en');

/** @param {number} n */
export const rate = (n) =>
  n >= 10 || n === 0 ? count(n) : n.toLocaleString('en', { maximumFractionDigits: 1 });

/** @param {number} part */
export const percent = (part) =>
  part > 0 && part < 0.001
    ? '< 0.1 %'
    : `${(part * 100).toLocaleString('en', { maximumFractionDigits: 1 })} %`;

/** @param {number} n */
export function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = n < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** power).toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power]}`;
}

/** @param {number} usec */
export function time(usec) {
  const digits = { maximumSignificantDigits: 3 };
  if (usec < 1000) return `${usec.toLocaleString('en', digits)} µs`;
  if (usec < 1e6) return `${(usec / 1000).toLocaleString('en', digits)} ms`;
  return `${(usec / 1e6).toLocaleString('en', digits)} s`;
}

/** At most so many characters for a picture; the whole name is in its title. @param {string} text @param {number} most */
export const shortened = (text, most) =>
  text.length <= most
    ? text
    : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(text.length - Math.floor(most / 2))}`;
