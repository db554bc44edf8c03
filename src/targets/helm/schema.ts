import chart from 'templates:helm';
import type { StackModel } from '../../model/types.ts';

/** As much of a JSON Schema as the chart's own has. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** A value of the chart: its place, such as `tls.existing`, and what it means. */
export interface ValueNote {
  readonly path: string;
  readonly description: string;
  /** True for a group of values. */
  readonly isGroup: boolean;
}

/** What every value of the chart means, groups before their members: the schema says it, once. */
export function valueNotes(): readonly ValueNote[] {
  return notes(JSON.parse(chart['values.schema.json'] ?? '{}') as Schema, '');
}

function notes(schema: Schema, prefix: string): readonly ValueNote[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = `${prefix}${name}`;
    const note = { path, description: inner.description ?? '', isGroup: inner.properties !== undefined };
    return [note, ...notes(inner, `${path}.`)];
  });
}

/** What stands above each value, each directive and each user in `values.yaml`. */
export function valueComments(model: StackModel): Readonly<Record<string, string>> {
  const sentinel = model.sentinel;
  return Object.fromEntries([
    ...valueNotes().map(({ path, description }) => [path, description] as const),
    ...model.directives.map((d) => [`config.${d.name}`, d.why] as const),
    ...model.users.map((user) => [`users.${user.name}`, user.why] as const),
    ...(sentinel?.users ?? []).map((user) => [`sentinel.users.${user.name}`, user.why] as const),
    ...(sentinel?.directives ?? []).map(
      (d) =>
        [
          d.name === 'sentinel' ? `sentinel.options.${d.args[0]}` : `sentinel.config.${d.name}`,
          d.why,
        ] as const,
    ),
  ]);
}
