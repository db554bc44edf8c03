import { CHART_DEFAULTS } from './defaults.ts';
import { withoutEffect } from './gates.ts';
import { type Leaf, leavesOf, sameAsDefault } from './leaves.ts';
import { at } from './read.ts';
import { meantKey } from './recognise.ts';
import { entryFor } from './table.ts';
import type { Account, Chart, KeyAccount, Values } from './types.ts';

/** What became of every key of the file, in its order. `found` is what the topics say. */
export function accountForKeys(
  values: Values,
  chart: Chart,
  found: readonly Account[],
): readonly KeyAccount[] {
  return leavesOf(values.tree).flatMap((leaf) => {
    const line = values.lineOf(leaf.path);
    const isBlock = values.isBlock(leaf.path);
    return accountsOf(leaf, values, chart, found).map(({ within = 0, ...account }) => ({
      ...account,
      line: line === undefined ? undefined : line + (isBlock ? within : 0),
      value: shownValue(leaf, account),
    }));
  });
}

function accountsOf(leaf: Leaf, values: Values, chart: Chart, found: readonly Account[]): readonly Account[] {
  const own = found.filter(({ key }) => belongsTo(key, leaf.key));
  if (own.some(({ verdict }) => verdict === 'taken')) return own;
  if (sameAsDefault(leaf.value, at(CHART_DEFAULTS[chart], leaf.key))) {
    return [{ key: leaf.key, verdict: 'default', why: 'As the chart comes.' }];
  }
  const idle = withoutEffect(values.tree, chart, leaf.key);
  if (idle !== undefined) return [{ key: leaf.key, verdict: 'not-needed', why: idle }];
  return own.length > 0 ? own : [fromTable(leaf, chart)];
}

/** `commonConfiguration: maxmemory` and `auth.acl.users.0` are parts of a key. */
function belongsTo(key: string, leaf: string): boolean {
  return (
    key === leaf ||
    key.startsWith(`${leaf}: `) ||
    (key.startsWith(leaf) && /^\.\d+$/.test(key.slice(leaf.length)))
  );
}

function fromTable({ key, value }: Leaf, chart: Chart): Account {
  const entry = entryFor(key);
  if (!entry) {
    const meant = meantKey(key, chart);
    return {
      key,
      verdict: 'unknown',
      why: meant ? `The chart has no such key; did you mean ${meant}?` : 'The chart has no such key.',
    };
  }
  if (value === null) return { key, verdict: 'default', why: 'Without a value: as if it were not there.' };
  if (entry.verdict === 'read') return { key, verdict: 'not-needed', why: 'Nothing follows from it here.' };
  return { key, verdict: entry.verdict, why: entry.why, ...(entry.to === undefined ? {} : { to: entry.to }) };
}

const SECRET = /pass|secret|token|credential|auth\b/i;

/** A short value that gives nothing away: none of an unknown key, none of what is or names a secret. */
function shownValue({ key, value }: Leaf, account: Account): string | undefined {
  if (account.verdict === 'secret' || account.verdict === 'unknown' || SECRET.test(key)) return undefined;
  if (account.key !== key || !['string', 'number', 'boolean'].includes(typeof value)) return undefined;
  const text = String(value);
  return text === '' || text.length > 60 || /[\r\n]/.test(text) ? undefined : text;
}
