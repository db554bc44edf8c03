import type { BaseIssue, BaseSchema } from 'valibot';
import { specSchema } from './schema.ts';

type AnySchema = BaseSchema<unknown, unknown, BaseIssue<unknown>> & {
  readonly wrapped?: AnySchema;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly item?: AnySchema;
  readonly options?: readonly string[];
};

export type FieldKind = 'string' | 'number' | 'boolean' | 'array' | 'picklist' | 'strict_object';

export interface Field {
  readonly path: string;
  readonly kind: FieldKind;
  /** The values it may take, or the names of its keys. */
  readonly options: readonly string[];
  /** True for a list of plain words, which may be written with commas. */
  readonly listOfWords: boolean;
}

function unwrap(schema: AnySchema): AnySchema {
  return schema.wrapped ? unwrap(schema.wrapped) : schema;
}

/** The schema's own account of the field at a dotted path, or undefined when there is none. */
export function fieldAt(path: string): Field | undefined {
  let schema = unwrap(specSchema as unknown as AnySchema);
  for (const key of path === '' ? [] : path.split('.')) {
    const next = schema.entries && Object.hasOwn(schema.entries, key) ? schema.entries[key] : undefined;
    if (!next) return undefined;
    schema = unwrap(next);
  }
  const item = schema.item && unwrap(schema.item);
  return {
    path,
    kind: schema.type as FieldKind,
    options: schema.options ?? item?.options ?? Object.keys(schema.entries ?? item?.entries ?? {}),
    listOfWords: schema.type === 'array' && item?.type !== 'strict_object',
  };
}

/** Every leaf that `--set` can reach, in the order of the schema. */
export function leafPaths(prefix = ''): readonly string[] {
  const field = fieldAt(prefix);
  if (field?.kind !== 'strict_object') return field ? [prefix] : [];
  return field.options.flatMap((key) => leafPaths(prefix ? `${prefix}.${key}` : key));
}
