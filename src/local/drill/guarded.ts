import type { Harm, Journal } from './journal.ts';
import type { DrillStack } from './network.ts';

/** The same stack; each deed is in the journal before it is done, and out of it after it was undone. */
export function guarded(stack: DrillStack, journal: Journal, onHarm: () => void): DrillStack {
  const harm = async (how: Harm['how'], node: Harm['node'], deed: () => Promise<void>): Promise<void> => {
    journal.add({ node, how });
    onHarm();
    await deed();
  };
  const undo = async (node: Harm['node'], deed: () => Promise<void>): Promise<void> => {
    await deed();
    journal.drop(node);
  };
  const { network } = stack;
  return {
    ...stack,
    stop: (node) => harm('stopped', node.name, () => stack.stop(node)),
    kill: (node) => harm('stopped', node.name, () => stack.kill(node)),
    // Once more, for a container engine gives up on a busy machine.
    freeze: (node) => harm('frozen', node.name, () => stack.freeze(node).catch(() => stack.freeze(node))),
    start: (node) => undo(node.name, () => stack.start(node)),
    thaw: (node) => undo(node.name, () => stack.thaw(node)),
    network: network && {
      cut: (node) => harm('cut off', node.name, () => network.cut(node)),
      join: (node) => undo(node.name, () => network.join(node)),
    },
  };
}
