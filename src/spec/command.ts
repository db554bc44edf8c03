import { completeSpec } from './complete.ts';
import { leafPaths } from './fields.ts';
import { assign } from './flags.ts';
import type { SpecInput } from './schema.ts';
import type { StackSpec } from './types.ts';

/** Flags in place of `--set` where there is a short one. */
const SHORT: Readonly<Record<string, string>> = {
  'engine.name': '--engine',
  workload: '--workload',
  'topology.kind': '--topology',
  'memory.limit': '--memory',
};

/** The command that writes this stack again without a question: only what differs from what would be the default. */
export function equivalentCommand(spec: StackSpec, dir: string): string {
  const name = dir.split('/').at(-1) === spec.name ? [] : ['--name', spec.name];
  const words = flagsFor(spec).flatMap(({ path, text }) =>
    SHORT[path] ? [SHORT[path], quote(text)] : ['--set', quote(`${path}=${text}`)],
  );
  return ['npx', 'create-redis-stack', quote(dir), '--yes', ...name, ...words].join(' ');
}

type Flag = { readonly path: string; readonly text: string };

/** A flag may change the default of a key before it (a large limit suggests a cluster), so it takes a second look. */
function flagsFor(spec: StackSpec): readonly Flag[] {
  const chosen: Flag[] = [];
  for (let look = 0; look < 3; look++) {
    for (const path of leafPaths().filter((p) => p !== 'name')) {
      const wanted = at(spec, path);
      if (wanted !== undefined && !same(at(given(chosen, spec.name), path), wanted)) {
        chosen.push({ path, text: print(wanted) });
      }
    }
  }
  return chosen;
}

function given(chosen: readonly Flag[], name: string): StackSpec {
  const tree = assign(
    {},
    chosen.map((c) => ({ flag: '--set', ...c })),
  );
  return completeSpec((tree.ok ? tree.value : {}) as SpecInput, name).spec;
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], value);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function print(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.every((item) => typeof item === 'string') && value.length > 0
    ? value.join(',')
    : JSON.stringify(value);
}

/** A word for a POSIX shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
