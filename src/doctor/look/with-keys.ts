import { place } from '../../redis/ask.ts';
import type { NodeFacts } from '../facts.ts';
import { number } from '../read-facts.ts';
import type { Discovery, Met } from './discover.ts';
import { sampleKeys } from './sample-keys.ts';
import type { ExamineOptions } from './types.ts';

export interface Seen {
  readonly met: Met;
  readonly node: NodeFacts;
}

/** Samples the keys of every primary, all at the same time, at one of its replicas where one is in step. */
export function withKeys(
  seen: readonly Seen[],
  known: Discovery['known'],
  options: ExamineOptions,
): Promise<readonly NodeFacts[]> {
  const budget = {
    keys: options.keys ?? 10_000,
    seconds: options.seconds ?? 10,
    share: options.share ?? 0.01,
  };
  return Promise.all(
    seen.map(async ({ met, node }) => {
      if (!holdsKeysAlone(node, seen, known)) return node;
      const asked = replicaInStep(node, seen, known) ?? { met, node };
      const {
        node: other,
        met: { reader },
      } = asked;
      return { ...node, keys: await sampleKeys({ primary: node, node: other, reader, budget }) };
    }),
  );
}

/** A primary, or a replica whose primary is out of sight. */
function holdsKeysAlone(
  { role, info }: NodeFacts,
  seen: readonly Seen[],
  known: Discovery['known'],
): boolean {
  if (role === 'primary') return true;
  const primary = info && followed(info, known);
  return (
    primary === undefined || !seen.some(({ node }) => node.role === 'primary' && place(node.at) === primary)
  );
}

const followed = (info: NonNullable<NodeFacts['info']>, known: Discovery['known']): string =>
  place(known({ host: info.master_host ?? '', port: Number(info.master_port) }));

/** Bytes of replication that may still be under way. */
const IN_STEP_BYTES = 1024 * 1024;

function replicaInStep(
  primary: NodeFacts,
  seen: readonly Seen[],
  known: Discovery['known'],
): Seen | undefined {
  const at = place(primary.at);
  const offset = number(primary.info, 'master_repl_offset') ?? 0;
  return seen.find(({ node: { role, info } }) => {
    if (role !== 'replica' || !info || followed(info, known) !== at) return false;
    const behind = offset - (number(info, 'slave_repl_offset') ?? 0);
    return info.master_link_status === 'up' && info.loading !== '1' && behind < IN_STEP_BYTES;
  });
}
