import { createRequire } from 'node:module';
import * as models from '@kubernetes/client-node/dist/gen/models/all.js';
import { customShape } from './custom-resources.ts';
import { type AnyObject, type Finding, placeOf } from './objects.ts';
import { fieldReason, unservedReason } from './versions.ts';

const require = createRequire(import.meta.url);

/** Is each object one that the minor takes: API version, required fields, types, and no field that it does not know? */
export const schemaFindings = (objects: readonly AnyObject[], minor: number): readonly Finding[] =>
  objects.flatMap((object) => findingsOf(object, minor));

function findingsOf(object: AnyObject, minor: number): readonly Finding[] {
  const at = placeOf(object);
  const custom = customShape(object);
  if (custom) return custom.map((says) => ({ check: 'schema', at, says }));
  const unserved = unservedReason(object.apiVersion, object.kind, minor);
  if (unserved) return [{ check: 'api-version', at, says: unserved }];
  return [...refusedBySchema(object, at), ...unknownFields(object, at, minor)];
}

interface SchemaError {
  readonly instancePath: string;
  readonly message: string;
}

/** Required fields, types and enumerations, by the schemas of kubernetes-models. */
function refusedBySchema(object: AnyObject, at: string): readonly Finding[] {
  const module: Record<string, unknown> = require(`kubernetes-models/${object.apiVersion}/${object.kind}`);
  const Model = module[object.kind];
  if (!isModel(Model)) throw new Error(`${object.apiVersion} ${object.kind}: no model.`);
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error && Array.isArray(error.errors))) throw error;
    const errors: readonly SchemaError[] = error.errors;
    return errors.map(({ instancePath, message }) => ({
      check: 'schema',
      at: `${at} ${instancePath}`,
      says: message,
    }));
  }
}

type ModelClass = new (data: AnyObject) => { validate: () => void };

const isModel = (value: unknown): value is ModelClass => typeof value === 'function';

interface Attribute {
  readonly baseName: string;
  /** `string`, `V1PodSpec`, `Array<V1Container>`, `{ [key: string]: string; }`. */
  readonly type: string;
}

/** `V1StatefulSet` for `apps/v1`, `V2HorizontalPodAutoscaler` for `autoscaling/v2`. */
function modelName({ apiVersion, kind }: AnyObject): string {
  const version = apiVersion.split('/').at(-1) ?? '';
  return version.charAt(0).toUpperCase() + version.slice(1) + kind;
}

/** kubernetes-models lets fields pass that it does not know; the client's attribute maps tell them. */
function unknownFields(object: AnyObject, at: string, minor: number): readonly Finding[] {
  const name = modelName(object);
  if (!attributesOf(name)) throw new Error(`${name}: no such model in the Kubernetes client.`);
  return walk(object, name, { at, path: '', minor });
}

interface Place {
  readonly at: string;
  readonly path: string;
  readonly minor: number;
}

function walk(value: unknown, type: string, place: Place): readonly Finding[] {
  const item = type.match(/^Array<(.+)>$/)?.[1];
  if (item !== undefined)
    return Array.isArray(value)
      ? value.flatMap((one, index) => walk(one, item, { ...place, path: `${place.path}/${index}` }))
      : [];
  const attributes = attributesOf(type);
  if (!attributes || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const path = `${place.path}/${field}`;
    const attribute = attributes.find(({ baseName }) => baseName === field);
    const wrong = attribute ? fieldReason(type, field, place.minor) : `unknown field (${type})`;
    if (wrong) return [{ check: 'field', at: `${place.at} ${path}`, says: wrong }];
    return walk(inner, attribute?.type ?? '', { ...place, path });
  });
}

const CLASSES: ReadonlyMap<string, unknown> = new Map(Object.entries(models));

function attributesOf(name: string): readonly Attribute[] | undefined {
  const model = CLASSES.get(name);
  if (typeof model !== 'function' || !('getAttributeTypeMap' in model)) return undefined;
  const { getAttributeTypeMap } = model;
  return typeof getAttributeTypeMap === 'function' ? getAttributeTypeMap.call(model) : undefined;
}
