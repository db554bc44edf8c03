import { bytes, count, el, section } from './dom.js';

/** Findings of one rule beyond these are folded away. */
const OPEN = 5;
/** And so is evidence beyond this. */
const EVIDENCE = 2;

const ANSWERS = { yes: 'yes', no: 'no', unseen: 'cannot see' };

/** @param {any} data */
export function checklistSection({ checklist }) {
  if (checklist.length === 0) return undefined;
  const items = checklist.map((/** @type {any} */ one) =>
    el(
      'li',
      { class: `answer answer-${one.answer}` },
      el('span', { class: 'mark' }, ANSWERS[/** @type {'yes'} */ (one.answer)]),
      el('div', {}, el('p', {}, one.question), evidence(one.evidence)),
    ),
  );
  return section('checklist', 'Checklist', el('ul', { class: 'answers' }, items));
}

/** @param {any} data */
export function findingsSection({ entries, planned }) {
  const none = planned ? 'Every rule holds for this spec.' : 'No rule found anything in what could be seen.';
  if (entries.length === 0) return section('findings', 'Findings', el('p', {}, none));
  return section('findings', 'Findings', ...entries.map(entryArticle));
}

/** @param {any} entry */
function entryArticle({ id, group, severity, title, why, fix, sources, findings }) {
  const [shown, folded] = [findings.slice(0, OPEN), findings.slice(OPEN)];
  return el(
    'article',
    { class: `entry entry-${severity}`, 'aria-labelledby': `rule-${id}` },
    el(
      'header',
      {},
      badge(severity),
      el('h3', { id: `rule-${id}` }, title),
      el('p', { class: 'rule' }, el('code', {}, id), ` ${group}`),
    ),
    ...shown.map(findingPart),
    folded.length > 0
      ? el(
          'details',
          { class: 'more' },
          el('summary', {}, `${count(folded.length)} more places`),
          ...folded.map(findingPart),
        )
      : undefined,
    why ? about(why, fix, sources) : undefined,
  );
}

/** @param {string} severity */
const badge = (severity) => el('span', { class: `badge badge-${severity}` }, severity);

/** @param {string} why @param {string} fix @param {string[]} sources */
function about(why, fix, sources) {
  const links = sources.map((address) =>
    el(
      'li',
      {},
      el('a', { href: /^https:\/\//.test(address) ? address : undefined, rel: 'noreferrer' }, address),
    ),
  );
  return el(
    'details',
    { class: 'about' },
    el('summary', {}, 'Why it matters'),
    el('p', {}, why),
    el('p', {}, fix),
    links.length > 0 ? el('ul', { class: 'sources' }, links) : undefined,
  );
}

/** @param {any} finding */
function findingPart({ at, message, evidence: seen, remedy, saves, fixes }) {
  const freed = saves
    ? `Would free ${bytes(saves.bytes)}${saves.plusMinus > 0 ? ` ± ${bytes(saves.plusMinus)}` : ''}.`
    : '';
  return el(
    'div',
    { class: 'finding' },
    el('p', { class: 'at' }, at),
    el('p', { class: 'message' }, message),
    evidence(seen),
    el('p', { class: 'remedy' }, `${remedy} ${freed}`.trim()),
    ...fixes.map(fixPart),
  );
}

/** @param {string[]} seen */
function evidence(seen) {
  if (seen.length === 0) return undefined;
  // One item folded away would take as much room as it saves.
  const open = seen.length <= EVIDENCE + 1 ? seen.length : EVIDENCE;
  const folded = seen.slice(open);
  return el(
    'div',
    { class: 'evidence' },
    evidenceList(seen.slice(0, open)),
    folded.length > 0
      ? el('details', {}, el('summary', {}, `${count(folded.length)} more`), evidenceList(folded))
      : undefined,
  );
}

/** @param {string[]} seen */
const evidenceList = (seen) =>
  el(
    'ul',
    { 'aria-label': 'Evidence' },
    seen.map((one) => el('li', {}, el('code', {}, one))),
  );

/** @param {any} fix */
function fixPart({ where, text, effect, live }) {
  const button = el('button', { type: 'button', 'aria-label': `Copy: ${text}` }, 'Copy');
  const code = el('code', {}, text);
  button.addEventListener('click', () => copy(text, code, button));
  return el(
    'div',
    { class: 'fix' },
    el('div', { class: 'line' }, code, button),
    el('p', {}, `${where}${live ? ', safe while it serves' : ''}: ${effect}`),
  );
}

/** @param {string} text @param {HTMLElement} code @param {HTMLElement} button */
async function copy(text, code, button) {
  const said = await navigator.clipboard.writeText(text).then(
    () => 'Copied',
    () => 'Selected',
  );
  // Where pages may not write to the clipboard, the reader copies what is selected.
  if (said === 'Selected') getSelection()?.selectAllChildren(code);
  button.textContent = said;
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2000);
}
