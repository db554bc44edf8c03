import { parse } from 'yaml';
import type { StackModel, StackNode } from '../../model/types.ts';
import type { Change } from '../types.ts';
import type { Consequence } from './types.ts';

/** Nodes that come and go between two models. */
export function nodeConsequences(before: StackModel, after: StackModel): readonly Consequence[] {
  const [old, next] = [names(before.nodes), names(after.nodes)];
  const come = after.nodes.filter((node) => !old.has(node.name));
  const go = before.nodes.filter((node) => !next.has(node.name));
  return [
    ...come.map((node) => ({ effect: 'start' as const, at: node.name, message: `a new ${node.role}` })),
    ...go.map((node) => ({
      effect: 'stop' as const,
      at: node.name,
      message: `no longer a ${node.role} of the stack`,
    })),
  ];
}

function names(nodes: readonly StackNode[]): ReadonlySet<string> {
  return new Set(nodes.map((node) => node.name));
}

type Named = Readonly<Record<string, unknown>>;

/** Which containers Compose replaces, and which volumes come or are left without a user. */
export function composeConsequences(changes: readonly Change[]): readonly Consequence[] {
  const change = changes.find(
    (c) => c.path === 'compose.yaml' && c.action !== 'conflict' && c.action !== 'keep',
  );
  if (!change) return [];
  const [before, after] = [read(change.current), read(change.action === 'delete' ? '' : change.text)];
  const replaced = Object.keys(after.services).filter(
    (name) => name in before.services && !same(before.services[name], after.services[name]),
  );
  const left = Object.keys(before.volumes).filter((name) => !(name in after.volumes));
  const made = Object.keys(after.volumes).filter((name) => !(name in before.volumes));
  return [
    ...replaced.map((at) => ({
      effect: 'recreate' as const,
      at,
      message: '`docker compose up -d` replaces its container',
    })),
    ...made.map((at) => ({ effect: 'volume' as const, at, message: 'a new volume, empty' })),
    ...left.map((at) => ({ effect: 'volume' as const, at, message: 'kept with its data, used by nobody' })),
  ];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Services with their shared blocks merged in, and volumes; nothing where the text is not a Compose file. */
function read(text = ''): { readonly services: Named; readonly volumes: Named } {
  const data = parseSafely(text);
  const record = (value: unknown): Named =>
    typeof value === 'object' && value !== null ? (value as Named) : {};
  return { services: record(record(data).services), volumes: record(record(data).volumes) };
}

function parseSafely(text: string): unknown {
  try {
    return parse(text, { version: '1.1', merge: true, maxAliasCount: -1 });
  } catch {
    return undefined;
  }
}
