import type { Step } from '../step.ts';

/** Passwords and certificates that only the new stack has. */
export const secrets: Step = {
  id: 'secrets',
  title: 'Passwords and certificates',
  about: 'Makes those that only the new stack has; the present ones stay as they are.',
  run: async ({ files }) => files.secrets(),
};

/** The configuration of new nodes, beside that of the present ones. */
export const stage: Step = {
  id: 'stage',
  title: 'Configuration of the new nodes',
  about:
    'Written to .redis-stack/migrate/next/; a node of the present stack that restarts finds its own unchanged.',
  run: async ({ files }) => files.stage(),
};

/** The files of the stack, as `update` writes them. */
export const files: Step = {
  id: 'files',
  title: 'Files of the stack',
  about: 'Written as `update` does, with your edits kept.',
  run: async (ctx) => ctx.files.apply(),
  undo: async (ctx) => ctx.files.restore(),
};
