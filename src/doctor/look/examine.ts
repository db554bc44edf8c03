import { ProblemError } from '../../problem.ts';
import type { Facts } from '../facts.ts';
import { type Discovery, discover } from './discover.ts';
import { lookAtNode } from './look-at-node.ts';
import { sentinelFacts } from './look-at-sentinel.ts';
import { isBlank, nobodyAnswers, nothingSeen } from './problems.ts';
import type { ExamineOptions, Target } from './types.ts';
import { withKeys } from './with-keys.ts';

export type { ExamineOptions, PlacedNode, Target } from './types.ts';

/**
 * Asks servers for everything that rules look at, and changes nothing. Rejects with a ProblemError where nobody answers
 * (`doctor/no-answer`), lets us in (`doctor/no-login`) or says anything (`doctor/nothing-seen`).
 */
export async function examine(target: Target, options: ExamineOptions = {}): Promise<Facts> {
  const discovery = await discover(target, options.timeoutMs ?? 5000);
  if (discovery.met.length === 0) throw new ProblemError(nobodyAnswers(target, discovery.silent));
  try {
    return await factsOf(target, discovery, options);
  } finally {
    for (const { reader } of discovery.met) reader.close();
  }
}

async function factsOf(target: Target, discovery: Discovery, options: ExamineOptions): Promise<Facts> {
  const { met, silent, known } = discovery;
  const atSeconds = Math.floor(Date.now() / 1000);
  const tls = target.credentials.tls !== undefined;
  const looking = { betweenMs: options.betweenMs ?? 1000, tls, machine: target.machine, known };
  const data = met.filter(({ kind }) => kind === 'data');
  options.onProgress?.(`Looking at ${met.length} server${met.length === 1 ? '' : 's'}`);
  const seen = await Promise.all(
    data.map(async (one) => ({ met: one, node: await lookAtNode(one, looking) })),
  );
  options.onProgress?.('Looking at keys');
  const nodes = await withKeys(seen, known, options);
  const sentinels = met.flatMap((one) => sentinelFacts(one, tls, known));
  const unseen = met.flatMap(({ reader }) => reader.unseen);
  if (nodes.every(isBlank) && met.every(({ kind, info }) => kind === 'data' || info === undefined))
    throw new ProblemError(nothingSeen(target, unseen));
  return {
    source: 'servers',
    asked: target.asked,
    nodes,
    sentinels,
    model: target.model,
    unseen,
    silent: silent.map(({ at, why }) => ({ at, why })),
    atSeconds,
    commandsSent: met.reduce(
      (sum, { reader }) => sum + [...reader.sent.values()].reduce((a, b) => a + b, 0),
      0,
    ),
  };
}
