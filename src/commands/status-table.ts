import { colors } from '../colors.ts';
import type { NodeStatus } from '../local/observe.ts';
import { humanBytes } from '../model/bytes.ts';

const HEAD = ['NODE', 'ROLE', 'ADDRESS', 'STATE', 'KEYS', 'MEMORY', 'FOLLOWS'];

/** The rows of `status` for people. */
export function statusTable(nodes: readonly NodeStatus[]): string {
  const rows = nodes.map((node) => [
    node.name,
    node.role,
    `${node.host}:${node.port}`,
    node.state,
    node.role === 'sentinel' ? '' : String(node.keys),
    node.role === 'sentinel' ? '' : humanBytes(node.memoryBytes),
    [node.follows, node.detail].filter(Boolean).join('  '),
  ]);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const print = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [colors.dim(print(HEAD)), ...rows.map((row) => paint(print(row), row[3] ?? ''))].join('\n');
}

function paint(line: string, state: string): string {
  return state === 'up' ? line : colors.red(line);
}
