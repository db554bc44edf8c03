import { commandsSection } from './commands.js';
import { el, section } from './dom.js';
import { checklistSection, findingsSection } from './findings.js';
import { memorySection } from './memory.js';
import { topologySection } from './topology.js';

const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}');

const VERDICTS = {
  error: 'Data or service is being lost, or anybody can take it.',
  warning: 'Nothing is being lost now, but something will be, or costs much.',
  note: 'In good order, with something worth knowing.',
  none: 'In good order, as far as could be seen.',
};

const sections = [
  topologySection(data),
  checklistSection(data),
  findingsSection(data),
  memorySection(data),
  commandsSection(data),
  unseenSection(),
].filter((one) => one !== undefined);

document.title = `Doctor: ${data.asked}`;
document.getElementById('page')?.replaceChildren(head(), el('main', {}, ...sections), foot());
// What is folded is printed too.
addEventListener('beforeprint', () => {
  for (const one of document.querySelectorAll('details')) one.open = true;
});

function head() {
  const links = sections.map((one) =>
    el('li', {}, el('a', { href: `#${one.id}` }, one.querySelector('h2')?.textContent ?? '')),
  );
  const counts = data.counts.map((/** @type {any} */ one) =>
    el(
      'li',
      { class: one.count > 0 ? `count badge-${one.severity}` : 'count' },
      el('strong', {}, String(one.count)),
      ` ${one.severity}${one.count === 1 ? '' : 's'}`,
    ),
  );
  const tiles = data.tiles.map((/** @type {any} */ one) =>
    el('div', { class: 'tile' }, el('dt', {}, one.label), el('dd', {}, one.value)),
  );
  return el(
    'header',
    { class: 'top' },
    el('p', { class: 'eyebrow' }, data.planned ? 'Doctor, on a spec' : 'Doctor'),
    el('h1', {}, data.asked),
    el('p', { class: 'what' }, `${data.what.charAt(0).toUpperCase()}${data.what.slice(1)}`),
    el(
      'div',
      { class: `verdict verdict-${data.verdict.worst}` },
      el('p', {}, VERDICTS[/** @type {'none'} */ (data.verdict.worst)]),
      el('ul', { class: 'counts', 'aria-label': 'Findings' }, counts),
    ),
    el('dl', { class: 'tiles' }, tiles),
    el('p', { class: 'how' }, data.how),
    el('nav', { 'aria-label': 'Parts of this page' }, el('ul', {}, links)),
  );
}

function unseenSection() {
  const { unseen, silent, allow } = data;
  if (unseen.length === 0 && silent.length === 0) return undefined;
  const silentItems = silent.map((/** @type {any} */ one) =>
    el('li', {}, el('strong', {}, `No answer from ${one.at}`), `: ${one.why}`),
  );
  const unseenItems = unseen.map((/** @type {any} */ one) =>
    el(
      'li',
      {},
      el('strong', {}, one.what),
      `: ${one.why} `,
      el('span', { class: 'muted' }, `(${one.at.join(', ')})`),
    ),
  );
  return section(
    'unseen',
    'What could not be seen',
    el('ul', { class: 'plain' }, silentItems, unseenItems),
    allow ? el('p', {}, 'This would allow it:') : undefined,
    allow ? el('div', { class: 'fix' }, el('div', { class: 'line' }, el('code', {}, allow))) : undefined,
  );
}

function foot() {
  const when = data.at.replace('T', ' ').replace(/\.\d+Z/, ' UTC');
  return el(
    'footer',
    {},
    el(
      'p',
      {},
      `create-redis-stack ${data.version}, ${when}. This page holds all of its data and asks no network.`,
    ),
  );
}
