import { place } from '../../../redis/ask.ts';
import type { Facts, KeySample, NodeFacts } from '../../facts.ts';

export interface Sampled {
  readonly node: NodeFacts;
  readonly keys: KeySample;
}

/** Each set of keys once: a replica stands for its primary only where that was not looked into. */
export function sampled({ nodes }: Facts): readonly Sampled[] {
  const looked = nodes.flatMap((node) => (node.keys ? [{ node, keys: node.keys }] : []));
  const done = new Set(
    looked.filter(({ node }) => node.role !== 'replica').map(({ node }) => place(node.at)),
  );
  return looked.filter(({ node }) => node.role !== 'replica' || !done.has(primaryOf(node)));
}

const primaryOf = ({ info }: NodeFacts): string =>
  place({ host: info?.master_host ?? '', port: Number(info?.master_port ?? 0) });

/** `db3` where it is not the first. */
export const inDb = (db: number): string => (db === 0 ? '' : ` in db${db}`);
