import type { StackModel } from '../../model/types.ts';
import { clientPackages } from '../../targets/client/libraries.ts';
import { PATTERN_FACTS } from '../../targets/client/patterns.ts';
import type { Consequence } from './types.ts';

/** What an application has to mind when its client, or the topology behind it, becomes another. */
export function clientConsequences(before: StackModel, after: StackModel): readonly Consequence[] {
  const had = before.spec.targets.includes('client');
  const has = after.spec.targets.includes('client');
  if (!had && !has) return [];
  const said = [
    ...(after.joins && !before.joins ? spread(before, after) : []),
    ...(had && has ? [...otherPatterns(before, after), ...otherPackages(before, after)] : []),
    ...otherPlace(before, after),
    ...otherEncryption(before, after),
  ];
  return said.map(([at, message]) => ({ effect: 'client', at, message }));
}

type Said = readonly (readonly [at: string, message: string])[];

/** Keys that were on one server are in slots now. */
function spread(before: StackModel, after: StackModel): Said {
  return [
    ...after.spec.client.patterns.map((pattern) => [pattern, PATTERN_FACTS[pattern].severalKeys] as const),
    [
      'MGET, MSET, DEL, UNLINK, SINTER, RENAME, MULTI, EVAL',
      'with keys of several slots are refused on a cluster (CROSSSLOT): give such keys one {tag}.',
    ],
    ...(before.spec.databases > 1
      ? [['SELECT', 'is refused on a cluster: it has database 0 alone.'] as const]
      : []),
    ['pub/sub, SCAN, KEYS, FLUSHDB', 'speak to one node: a cluster needs them on each primary.'],
  ];
}

function otherEncryption(
  { spec: { security: old } }: StackModel,
  { spec: { security: next } }: StackModel,
): Said {
  if (old.tls === next.tls) return [];
  return next.tls
    ? [
        [
          'REDIS_TLS_CA',
          'names the file with the authority that servers are trusted by: .secrets/tls/ca.crt.',
        ],
      ]
    : [['REDIS_TLS, REDIS_TLS_CA', 'must go from the environment: nothing is encrypted any more.']];
}

function otherPatterns(before: StackModel, after: StackModel): Said {
  const [old, next] = [before.spec.client.patterns, after.spec.client.patterns];
  const gone = old.filter((pattern) => !next.includes(pattern));
  const come = next.filter((pattern) => !old.includes(pattern));
  return [
    ...(gone.length > 0
      ? [
          [
            gone.join(', '),
            'gone from the client: code that uses it no longer compiles, client/src/keyspaces.ts included where you have edited it. What it wrote stays in Redis.',
          ] as const,
        ]
      : []),
    ...(come.length > 0
      ? [[come.join(', '), 'new in the client: client/README.md has an example to begin with.'] as const]
      : []),
  ];
}

function otherPackages(before: StackModel, after: StackModel): Said {
  const [old, next] = [before.spec.client.library, after.spec.client.library];
  const install = 'run `npm install` in client/, then build and deploy the application again.';
  if (old !== next) return [['client.library', `${old} → ${next}: ${install} Your own code stays as it is.`]];
  if (same(clientPackages(before.spec), clientPackages(after.spec))) return [];
  return [['client/package.json', `needs other packages: ${install}`]];
}

function otherPlace(before: StackModel, after: StackModel): Said {
  if (before.client.variant !== after.client.variant)
    return [
      [
        'client/src/stack.ts',
        'describes another topology: build and deploy the application again. What runs while `migrate` carries the data over follows by itself.',
      ],
    ];
  if (same(before.client, after.client)) return [];
  return [['client/src/stack.ts', 'names other addresses: build and deploy the application again.']];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
