import { parseBytes } from '../model/bytes.ts';
import { line } from '../spec/question-choices.ts';
import {
  ACCESSES,
  type Answers,
  EXPIRIES,
  ORDERS,
  PURPOSES,
  parseCount,
  USES,
  type Use,
} from '../structures/index.ts';

/** A question is worth asking only where the ways that are left differ in it. */
function differs(need: string | undefined, of: (use: Use) => unknown): boolean {
  const left = USES.filter(({ serves }) => need === undefined || need in serves);
  return new Set(left.map((use) => JSON.stringify(of(use)))).size > 1;
}

const choices = (known: Readonly<Record<string, string>>) =>
  Object.entries(known).map(([name, meaning]) => line(name, meaning, name));

const open = { name: 'does not matter', value: '' };

/** Asks what the flags left open. */
export async function askNeed(given: Answers): Promise<Answers> {
  const { askAll } = await import('./ask.ts');
  const answers = (await askAll(questionsFor(given))) as Answers & { unique?: boolean | 'open' };
  const { unique, ...rest } = answers;
  const said = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined && value !== ''),
  );
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...said, ...(typeof unique === 'boolean' ? { unique } : {}), ...known };
}

function questionsFor(given: Answers) {
  const needOf = ({ need }: Answers) => given.need ?? need;
  const asks = (name: keyof Answers, of: (use: Use) => unknown) => (soFar: Answers) =>
    given[name] === undefined && differs(needOf(soFar), of);
  const select = (name: keyof Answers, message: string, known: Readonly<Record<string, string>>) => ({
    type: 'select',
    name,
    message,
    choices: [open, ...choices(known)],
    pageSize: 16,
    loop: false,
  });
  return [
    {
      ...select('need', 'What is it for?', PURPOSES),
      choices: [...choices(PURPOSES), { name: 'something else', value: '' }],
      when: () => given.need === undefined,
    },
    { ...select('access', 'How is it asked for?', ACCESSES), when: asks('access', (use) => use.access) },
    { ...select('order', 'In which order?', ORDERS), when: asks('order', (use) => use.order) },
    {
      ...select('unique', 'May the same one be in it twice?', {}),
      choices: [open, { name: 'no, once only', value: true }, { name: 'yes', value: false }],
      when: asks('unique', (use) => use.unique ?? null),
    },
    { ...select('expires', 'When does it end?', EXPIRIES), when: asks('expires', (use) => use.expires) },
    {
      type: 'input',
      name: 'elements',
      message: 'How many elements, about? (empty: unknown)',
      when: () => given.elements === undefined,
      validate: (text: string) =>
        text === '' || parseCount(text) !== undefined || 'A number such as 5000, 200k or 3m.',
    },
    {
      type: 'input',
      name: 'bytes',
      message: 'How large is one, about? (empty: unknown)',
      when: () => given.bytes === undefined,
      validate: (text: string) => text === '' || (parseBytes(text) ?? 0) > 0 || 'A size such as 100 or 2kb.',
    },
  ];
}
