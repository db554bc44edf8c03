import { directiveFacts } from '../../engines/catalogue.ts';
import { type ConfLine, readConf } from '../../engines/conf-lines.ts';
import type { Engine } from '../../engines/types.ts';
import type { Change } from '../types.ts';
import type { Consequence } from './types.ts';

/** A directive whose words differ between two texts; undefined where one of them has none. */
export interface ChangedDirective {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The directives of redis.conf that differ between two texts, by name; repeated ones are taken together. */
export function changedDirectives(before: string, after: string): readonly ChangedDirective[] {
  const [old, next] = [byName(readConf(before)), byName(readConf(after))];
  return [...new Set([...old.keys(), ...next.keys()])]
    .filter((name) => old.get(name) !== next.get(name))
    .map((name) => ({ name, before: old.get(name), after: next.get(name) }));
}

function byName(lines: readonly ConfLine[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, args } of lines) {
    const words = args.map((word) => (word === '' ? '""' : word)).join(' ');
    const before = found.get(name);
    found.set(name, before === undefined ? words : `${before}, ${words}`);
  }
  return found;
}

/** What a server would take while it runs, and its peers would not understand. */
const TOGETHER: ReadonlySet<string> = new Set(['tls-replication', 'tls-cluster']);

/** True where the directive can be given to a running server. What goes back to its default needs a start. */
export function isLive(engine: Engine, { name, after }: ChangedDirective): boolean {
  if (TOGETHER.has(name)) return false;
  return after !== undefined && directiveFacts(engine, name)?.effect === 'live';
}

/** When each change of a configuration file takes effect. */
export function settingConsequences(engine: Engine, changes: readonly Change[]): readonly Consequence[] {
  return changes.filter(writesText).flatMap((change) => {
    if (change.path === 'conf/redis.conf') return directiveConsequences(engine, change);
    if (/^conf\/(sentinel-)?users\.acl$/.test(change.path))
      return [{ effect: 'live' as const, at: change.path, message: 'users: by ACL LOAD' }];
    if (change.path === 'conf/sentinel.conf')
      return [{ effect: 'live' as const, at: change.path, message: 'by SENTINEL SET' }];
    if (change.path.startsWith('conf/scripts/'))
      return [{ effect: 'restart' as const, at: change.path, message: 'when a node next starts' }];
    return [];
  });
}

function writesText(change: Change): boolean {
  return (change.action === 'update' || change.action === 'merge') && change.text !== change.current;
}

function directiveConsequences(engine: Engine, { current = '', text = '' }: Change): readonly Consequence[] {
  return changedDirectives(current, text).map((changed) => ({
    effect: isLive(engine, changed) ? 'live' : 'restart',
    at: changed.name,
    message: `${changed.before ?? '(not set)'} → ${changed.after ?? '(the default of the server)'}`,
  }));
}
