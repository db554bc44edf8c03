import { secretMadeBy } from './custom-resources.ts';
import type { AnyObject } from './objects.ts';

type Kind = 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount';

/** What is there beside the rendered objects: Secrets that the user made, the account that every namespace has. */
export type Known = Readonly<Partial<Record<Kind, readonly string[]>>>;

/** Keys of an object by its name; undefined where they are not known, as in a Secret that somebody else fills. */
export type Available = Readonly<Record<Kind, ReadonlyMap<string, readonly string[] | undefined>>>;

export interface Wanted {
  readonly kind: Kind;
  readonly name: string;
  readonly keys: readonly string[];
}

export function availableIn(objects: readonly AnyObject[], known: Known): Available {
  const of = (kind: Kind, more: readonly string[] = []) =>
    new Map<string, readonly string[] | undefined>([
      ...[...more, ...(known[kind] ?? [])].map((name) => [name, undefined] as const),
      ...objects.filter((o) => o.kind === kind).map((o) => [o.metadata.name, keysIn(o)] as const),
    ]);
  return {
    ConfigMap: of('ConfigMap', ['kube-root-ca.crt']),
    Secret: of(
      'Secret',
      objects.flatMap((object) => secretMadeBy(object) ?? []),
    ),
    PersistentVolumeClaim: of('PersistentVolumeClaim'),
    ServiceAccount: of('ServiceAccount', ['default']),
  };
}

const keysIn = ({ data, binaryData, stringData }: AnyObject): readonly string[] =>
  [data, binaryData, stringData].flatMap((one) => Object.keys(one ?? {}));

/** What is missing of it, as sentences. */
export function missing(available: Available, { kind, name, keys }: Wanted): readonly string[] {
  const found = available[kind];
  if (!found.has(name)) return [`there is no ${kind} ${name}`];
  const there = found.get(name);
  return there
    ? keys.filter((key) => !there.includes(key)).map((key) => `${kind} ${name} has no key ${key}`)
    : [];
}
