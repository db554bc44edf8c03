import { directiveFacts } from '../engines/catalogue.ts';
import type { ConfLine } from '../engines/conf-lines.ts';
import type { Engine } from '../engines/types.ts';
import { parseBytes } from './bytes.ts';

/** Every node sets these for itself when it starts; the shared file does not decide them. */
export const SET_BY_NODE: ReadonlySet<string> = new Set([
  'bind',
  'port',
  'dir',
  'aclfile',
  'masterauth',
  'cluster-port',
  'tls-port',
  'tls-cert-file',
  'tls-key-file',
  'tls-ca-cert-file',
]);

/** What a file says of each directive: the last line wins, several `save` lines add up. */
export function effectiveLines(lines: readonly ConfLine[]): readonly ConfLine[] {
  const last = new Map<string, ConfLine>();
  for (const line of lines) {
    const before = line.name === 'save' && line.args[0] !== '' ? last.get('save') : undefined;
    last.set(line.name, before ? { ...line, args: [...before.args, ...line.args] } : line);
  }
  return [...last.values()];
}

/** What CONFIG GET says of a directive, under its own name or the older one; undefined where it says nothing. */
export function shownValue(
  engine: Engine,
  values: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  return values[name] ?? values[directiveFacts(engine, name)?.name ?? ''];
}

/** True where a server that was given `wanted` shows `got`: sizes in bytes, words in any case. */
export function sameValue(engine: Engine, name: string, wanted: string, got: string): boolean {
  const kind = directiveFacts(engine, name)?.kind ?? 'string';
  if (name === 'client-output-buffer-limit') return holdsClasses(wanted, got);
  return normalise(wanted, kind, name) === normalise(got, kind, name);
}

/** The server shows all three classes of clients, a line names one. */
function holdsClasses(wanted: string, got: string): boolean {
  const shown = classes(got);
  return [...classes(wanted)].every(([name, limits]) => shown.get(name) === limits);
}

function classes(text: string): ReadonlyMap<string, string> {
  const words = text.trim().split(/\s+/);
  const found = new Map<string, string>();
  for (let i = 0; i + 3 < words.length; i += 4) {
    const [name = '', ...limits] = words.slice(i, i + 4);
    const shown = limits.map((limit) => parseBytes(limit) ?? limit).join(' ');
    found.set(name === 'replica' ? 'slave' : name, shown);
  }
  return found;
}

function normalise(value: string, kind: string, name: string): string {
  if (kind === 'memory' || kind === 'integer')
    return String(value.endsWith('%') ? value : (parseBytes(value) ?? value));
  if (name === 'notify-keyspace-events') return [...value.replace('A', 'g$lshzxetd')].sort().join('');
  return value.trim().replace(/\s+/g, ' ').toLowerCase();
}
