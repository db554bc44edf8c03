import { type Alias, Document, isMap, isScalar, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';

/** Comments for the keys of a mapping, by dotted path: printed above the key. */
export type Comments = Readonly<Record<string, string>>;

/** Prints data as YAML that YAML 1.1 readers understand the same way (`yes`, `on`, `80:50` are quoted). */
export function printYaml(
  data: object,
  options: { header?: string; comments?: Comments; anchors?: Comments } = {},
): string {
  const doc = new Document(data, { version: '1.1', aliasDuplicateObjects: false });
  if (options.header) doc.commentBefore = options.header;
  for (const [path, text] of Object.entries(options.comments ?? {})) comment(doc, path.split('.'), text);
  for (const [path, name] of Object.entries(options.anchors ?? {})) anchor(doc, path, name);
  return doc.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function comment(doc: Document, path: readonly string[], text: string): void {
  const parent = path.length === 1 ? doc.contents : doc.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) ? pairAt(parent, path.at(-1)) : undefined;
  if (pair && isScalar(pair.key)) (pair.key as Scalar).commentBefore = ` ${text}`;
}

function pairAt(map: YAMLMap, key: string | undefined): Pair | undefined {
  return map.items.find((item) => (isScalar(item.key) ? item.key.value : item.key) === key);
}

function anchor(doc: Document, path: string, name: string): void {
  const node = doc.get(path, true) as Node & { anchor?: string };
  node.anchor = name;
}

/** Puts `<<: *name` first into the mapping at `path`. */
export function mergeKey(doc: Document, map: YAMLMap, target: Node): void {
  const alias = doc.createAlias(target as Parameters<Document['createAlias']>[0]) as Alias;
  map.items.unshift(doc.createPair('<<', alias) as Pair);
}
