/** Names of choices and what there is to choose from. */
export type Axes = Readonly<Record<string, readonly string[]>>;

export type Row<A extends Axes> = { readonly [K in keyof A]: A[K][number] };

/**
 * Rows in which every two choices of different axes that may go together meet at least once. Greedy and always the same:
 * each row begins with the first pair that is still open, and each further axis takes the choice that meets most open pairs.
 */
export function pairwise<A extends Axes>(
  axes: A,
  allowed: (row: Partial<Row<A>>) => boolean,
): readonly Row<A>[] {
  const open = new Map(pairsOf(axes).map((pair) => [keyOf(pair), pair]));
  const rows: Row<A>[] = [];
  for (const [key, pair] of [...open]) {
    if (!open.has(key)) continue;
    const row = fill(axes, pair, open, allowed);
    if (row) {
      for (const met of pairsIn(row)) open.delete(keyOf(met));
      rows.push(row as Row<A>);
    }
    open.delete(key);
  }
  return rows;
}

type Choice = readonly [axis: string, value: string];
type Pair = readonly [Choice, Choice];

const keyOf = (pair: Pair) => JSON.stringify([...pair].sort(([a], [b]) => (a < b ? -1 : 1)));

const pairsOf = (axes: Axes): readonly Pair[] => {
  const names = Object.keys(axes);
  const choices = (name: string) => (axes[name] ?? []).map((value) => [name, value] as const);
  return names.flatMap((one, index) =>
    names
      .slice(index + 1)
      .flatMap((other) => choices(one).flatMap((a) => choices(other).map((b) => [a, b] as const))),
  );
};

const pairsIn = (row: Readonly<Record<string, string>>): readonly Pair[] =>
  pairsOf(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, [value]])));

/** A whole row around a pair; undefined where no row may hold it. */
function fill<A extends Axes>(
  axes: A,
  pair: Pair,
  open: ReadonlyMap<string, Pair>,
  allowed: (row: Partial<Row<A>>) => boolean,
): Readonly<Record<string, string>> | undefined {
  let row: Readonly<Record<string, string>> = Object.fromEntries(pair);
  if (!allowed(row as Partial<Row<A>>)) return undefined;
  for (const name of Object.keys(axes).filter((one) => !(one in row))) {
    const candidates = (axes[name] ?? [])
      .map((value) => ({ ...row, [name]: value }))
      .filter((candidate) => allowed(candidate as Partial<Row<A>>))
      .map((candidate) => ({
        candidate,
        met: pairsIn(candidate).filter((one) => open.has(keyOf(one))).length,
      }));
    const [best] = candidates.sort((a, b) => b.met - a.met);
    if (!best) return undefined;
    row = best.candidate;
  }
  return row;
}
