import type { StackModel } from '../../model/types.ts';
import type { Circumstances, Promised } from './types.ts';

export const isReplicated = (model: StackModel): boolean =>
  model.nodes.some((node) => node.role === 'replica');

/** Nodes end in order, one after the other or all at once: each hands over or saves before it ends. */
export function plannedStop({ model }: Circumstances): Promised {
  if (isReplicated(model)) return nothing('a primary hands over before it ends');
  if (model.persistent) return nothing('the node saves before it ends');
  return anything('without persistence a stopped node forgets everything');
}

/** All nodes at once: what is not on a disk is nowhere. */
export function everyNodeStops({ model }: Circumstances): Promised {
  return model.persistent
    ? nothing('every node saves before it ends')
    : anything('without persistence nothing outlives the last node');
}

/** A primary is gone from one instant to the next. */
export function primaryLost(of: Circumstances): Promised {
  const { model, waitReplicas } = of;
  if (!isReplicated(model)) return nodeKilled(model);
  if (waitReplicas > 0) return nothing(`each write waits for ${count(waitReplicas)}`);
  return {
    loses: 'recent',
    withinMs: 1000,
    atReturn: false,
    why: 'a write is answered before a replica has confirmed it, with min-replicas-to-write as well; --wait-replicas 1 has each write wait for that',
  };
}

/** A primary stops answering and comes back as it was. */
export function primaryFrozen(of: Circumstances): Promised {
  if (!isReplicated(of.model)) return nothing('the node forgets nothing while it is frozen');
  const promised = primaryLost(of);
  if (promised.loses !== 'recent') return promised;
  const why = `${promised.why}; and a primary that wakes answers what has waited for it before it hears that another one took over`;
  return { ...promised, atReturn: true, why };
}

export function nothing(why: string): Promised {
  return { loses: 'nothing', why };
}

function anything(why: string): Promised {
  return { loses: 'anything', why };
}

/** What a node alone has on its disk when its process is killed; the machine goes on. */
function nodeKilled({ spec }: StackModel): Promised {
  const { mode, appendfsync } = spec.persistence;
  if (mode === 'none') return anything('without persistence a killed node forgets everything');
  if (mode === 'rdb') return anything('a killed node goes back to its last snapshot');
  if (appendfsync === 'always') return nothing('each write is in the log before it is answered');
  return {
    loses: 'recent',
    withinMs: 2000,
    atReturn: false,
    why: 'the log is written at once, but for up to two seconds while the disk is busy with the last second',
  };
}

const count = (replicas: number): string => (replicas === 1 ? '1 replica' : `${replicas} replicas`);
