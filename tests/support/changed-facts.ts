export type Tree = Readonly<Record<string, unknown>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Facts with what a case says is other than in them; `null` in a change takes the fact away. */
export function changed(facts: Tree, change: Tree): Tree {
  const next = { ...facts };
  for (const [name, value] of Object.entries(change)) {
    const old = facts[name];
    next[name] = isTree(value) && isTree(old) ? changed(old, value) : (value ?? undefined);
  }
  return next;
}
