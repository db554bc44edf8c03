import type { Step } from '../step.ts';

/** The same nodes under another engine. */
export const roll: Step = {
  id: 'roll',
  title: 'The new engine, node by node',
  about:
    'Replicas first; a primary after it has handed over. A stack of one node is away while it starts and loads.',
  pause: 'that of a planned failover for each primary; with one node, the time of a restart',
  final: true,
  run: async (ctx) => ctx.ground.roll?.((text) => ctx.say({ text })),
};
