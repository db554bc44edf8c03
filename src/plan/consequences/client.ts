import type { StackModel } from '../../model/types.ts';
import type { Pattern } from '../../spec/types.ts';
import type { Consequence } from './types.ts';

/** What of each pattern, as the client has it, touches several keys, and how it does so on a cluster. */
const SEVERAL_KEYS: Readonly<Record<Pattern, string>> = {
  'cache-aside':
    'each entry has all its keys on one hash tag, so its own calls are safe on a cluster; your own multi-key commands beside it are not.',
};

/** What an application has to mind when it meets the other topology. */
export function clientConsequences(before: StackModel, after: StackModel): readonly Consequence[] {
  const out: Consequence[] = [];
  const add = (at: string, message: string) => out.push({ effect: 'client', at, message });
  if (!after.spec.targets.includes('client') && !before.spec.targets.includes('client')) return out;
  if (after.joins && !before.joins) {
    for (const pattern of after.spec.client.patterns) add(pattern, SEVERAL_KEYS[pattern]);
    add(
      'MGET, MSET, DEL, UNLINK, SINTER, RENAME, MULTI, EVAL',
      'with keys of several slots are refused on a cluster (CROSSSLOT): give such keys one {tag}.',
    );
    if (before.spec.databases > 1) add('SELECT', 'is refused on a cluster: it has database 0 alone.');
    add('pub/sub, SCAN, KEYS, FLUSHDB', 'speak to one node: a cluster needs them on each primary.');
  }
  if (before.client.variant !== after.client.variant)
    add(
      'client/src/connect.ts',
      'connects in another way: build and deploy the application together with the stack.',
    );
  else if (!same(before.client, after.client))
    add('client/src/stack.ts', 'names other addresses: build and deploy the application again.');
  return out;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
