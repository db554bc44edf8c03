import type { Step } from '../step.ts';

/** From here on the stack is run as its files say. */
export const settle: Step = {
  id: 'settle',
  title: 'The stack as its files say',
  about: 'What is left of the old stack ends; the new nodes are run by the files in their places.',
  final: true,
  run: async (ctx) => ctx.ground.settle((text) => ctx.say({ text })),
};
