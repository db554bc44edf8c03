import type { NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { NEED_A_SHARE, REFUSALS, type Refusal } from './refused.ts';

export const refusedCommands: Rule = {
  id: 'refused-commands',
  group: 'patterns',
  severity: 'error',
  title: 'Commands that end with an error',
  looksAt: ['errorstat_*', 'rejected_calls and failed_calls of cmdstat_*', 'total_commands_processed'],
  why: 'Errors name what is wrong between clients and server: full memory, a failing disk, keys in different slots, a user without the right. Applications often swallow them.',
  fix: 'Mend the cause that the error names, and let applications log it.',
  sources: ['https://redis.io/docs/latest/commands/info/', 'https://valkey.io/commands/info/'],
  find: ({ nodes }) =>
    nodes.flatMap((node) =>
      Object.entries(REFUSALS).flatMap(([code, refusal]) => findOne(node, code, refusal)),
    ),
};

function findOne(node: NodeFacts, code: string, refusal: Refusal): readonly Found[] {
  const seen = node.info?.[`errorstat_${code}`];
  const errors = Number(/count=(\d+)/.exec(seen ?? '')?.[1] ?? 0);
  const now = errors > 0 && (refusal.now?.(node) ?? false);
  if (!now && (errors < refusal.least || isSmallShare(node, code, errors))) return [];
  return [
    {
      severity: now ? 'error' : refusal.severity,
      at: node.name,
      message: `${many(errors, 'command')} ended with ${code}: ${refusal.means}${now ? '. The reason is still there' : ''}.`,
      evidence: [`errorstat_${code}:${seen}`, ...mostRefused(node, refusal)],
      remedy: refusal.remedy,
    },
  ];
}

function isSmallShare(node: NodeFacts, code: string, errors: number): boolean {
  const commands = number(node.info, 'total_commands_processed') ?? 0;
  return errors < commands * (NEED_A_SHARE[code] ?? 0);
}

/** The three commands that ended so most often: turned away before they began, or failed while they ran. */
function mostRefused({ commands }: NodeFacts, { began }: Refusal): readonly string[] {
  const how = began ? 'failed' : 'rejected';
  return [...(commands ?? [])]
    .filter((one) => one[how] > 0)
    .sort((a, b) => b[how] - a[how])
    .slice(0, 3)
    .map((one) => `cmdstat_${one.name}:calls=${one.calls},${how}_calls=${one[how]}`);
}
