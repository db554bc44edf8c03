import { readable } from './readable.ts';

const MOST_LETTERS = 100;

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
const MAIL = /[^:/|{}\s*]+@[^:/|{}\s*]+/g;
/** As URL-safe base64 has it: of one piece, long, small and capital letters and digits. */
const TOKEN = /(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{16,}(?![\w-])/g;
const WORD = /[^:/|.,;#{}\-_ ]+/g;

/** The form of a key's name: `user:*:cart` for `user:1000:cart`. What looks like an id is a `*`. */
export function formOf(name: Buffer): string {
  const text = readable(name, MOST_LETTERS)
    .replace(UUID, '*')
    .replace(MAIL, '*')
    .replace(TOKEN, '*')
    .replace(WORD, (word) => (isId(word) ? '*' : word.replace(/\d{2,}/g, '*')));
  // A date, an address and the like are one thing.
  return text.replace(/\*(?:[-_.]?\*)+/g, '*');
}

const isId = (word: string): boolean =>
  /^\d+$/.test(word) ||
  (/^[0-9a-f]{6,}$/i.test(word) && /\d/.test(word)) ||
  (word.length >= 16 && /\d/.test(word) && /[a-z]/i.test(word)) ||
  word.includes('\\x');

/** Beyond so many words in one place, with few keys each, they are taken for names that are ids. */
const MANY_WORDS = 20;
const FEW_KEYS = 4;

/** Forms, with how many keys have each, as the forms that they belong to: `session:alice` and many more as `session:*`. */
export function mergeForms(forms: ReadonlyMap<string, number>): ReadonlyMap<string, string> {
  const merged = new Map([...forms.keys()].map((form) => [form, form]));
  const places = Math.max(0, ...[...forms.keys()].map((form) => partsOf(form).length));
  for (let place = places - 1; place >= 0; place--) mergePlace(place, forms, merged);
  return merged;
}

const partsOf = (form: string): readonly string[] => form.split(/([:/|])/);

const withHole = (parts: readonly string[], place: number, filling: string): string =>
  parts.map((part, i) => (i === place ? filling : part)).join('');

function mergePlace(place: number, forms: ReadonlyMap<string, number>, merged: Map<string, string>): void {
  const holes = new Map<string, { readonly words: Set<string>; keys: number }>();
  const holeOf = (form: string): string | undefined => {
    const parts = partsOf(form);
    const word = parts[place];
    return word === undefined || /^[:/|]$/.test(word) || word.includes('*')
      ? undefined
      : withHole(parts, place, '\0');
  };
  for (const [form, count] of forms) {
    const now = merged.get(form) ?? form;
    const hole = holeOf(now);
    if (hole === undefined) continue;
    const known = holes.get(hole) ?? { words: new Set<string>(), keys: 0 };
    known.words.add(partsOf(now)[place] ?? '');
    known.keys += count;
    holes.set(hole, known);
  }
  for (const [form, now] of merged) {
    const known = holes.get(holeOf(now) ?? '');
    if (known && known.words.size > MANY_WORDS && known.keys <= known.words.size * FEW_KEYS)
      merged.set(form, withHole(partsOf(now), place, '*'));
  }
}
