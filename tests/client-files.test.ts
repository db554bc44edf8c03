import { beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_LIBRARIES, PATTERNS, type Pattern, TOPOLOGY_KINDS } from '../src/spec/types.ts';
import { LIBRARIES } from '../src/targets/client/libraries.ts';
import { PATTERN_FACTS } from '../src/targets/client/patterns.ts';
import { compileAll, emittedClient, importsOf, type Tree } from './support/emitted-client.ts';

const shapes = TOPOLOGY_KINDS.flatMap((kind) => CLIENT_LIBRARIES.map((library) => ({ kind, library })));
type Shape = (typeof shapes)[number];

const treeOf = ({ kind, library }: Shape, patterns: readonly Pattern[]): Tree =>
  emittedClient({ topology: { kind }, client: { library, patterns } });

const single = PATTERNS.map((pattern) => [pattern]);

/** What the barrel leads to, by the compiler's own reading of the imports. */
function reached(tree: Tree, path = 'src/index.ts', found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const name of importsOf(tree[path] ?? '').filter((i) => i.startsWith('.')))
    reached(tree, `src/${name.replace(/^\.\//, '').replace(/\.js$/, '.ts')}`, found);
  return found;
}

const packagesOf = (tree: Tree): readonly string[] =>
  Object.entries(tree)
    .filter(([path]) => path.endsWith('.ts'))
    .flatMap(([, text]) => importsOf(text))
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'));

const dependenciesOf = (tree: Tree): readonly string[] =>
  Object.keys((JSON.parse(tree['package.json'] ?? '') as { dependencies: object }).dependencies);

describe.each(shapes)('the client of a $kind stack that speaks $library', (shape) => {
  describe.each([...single, [...PATTERNS], []].map((patterns) => ({ patterns })))(
    'with $patterns',
    ({ patterns }) => {
      let tree: Tree;
      beforeAll(() => {
        tree = treeOf(shape, patterns);
      });

      it('has the modules of its patterns and nothing else', () => {
        const sources = Object.keys(tree).filter((path) => path.startsWith('src/'));
        expect(sources.sort()).toEqual([...reached(tree)].sort());
        const others = Object.keys(tree).filter((path) => !path.startsWith('src/'));
        expect(others.sort()).toEqual(['README.md', 'package.json', 'tsconfig.json']);
        expect(sources).toEqual(
          expect.arrayContaining(patterns.map((pattern) => `src/${PATTERN_FACTS[pattern].module}.ts`)),
        );
      });

      it('can follow its stack to another kind, by the same library', () => {
        const { suffix } = LIBRARIES[shape.library];
        const connectors = Object.keys(tree).filter((path) => path.startsWith('src/connect.'));
        const kinds = [...TOPOLOGY_KINDS].sort().map((kind) => `src/connect.${kind}${suffix}.ts`);
        expect(connectors.sort()).toEqual([...kinds, 'src/connect.ts'].sort());
      });

      it('asks for the packages that it imports and no other', () => {
        const extra = patterns.includes('jobs') ? ['bullmq', 'ioredis'] : [];
        const wanted = [...new Set([LIBRARIES[shape.library].package, ...extra])].sort();
        expect(dependenciesOf(tree)).toEqual(wanted);
        expect(wanted).toEqual(expect.arrayContaining([...packagesOf(tree)]));
        expect(packagesOf(tree)).toContain(LIBRARIES[shape.library].package);
      });
    },
  );
});

describe('the emitted client compiles', () => {
  const plain: Shape = { kind: 'standalone', library: 'node-redis' };
  const trees: Readonly<Record<string, Tree>> = {
    ...Object.fromEntries(PATTERNS.map((pattern) => [pattern, treeOf(plain, [pattern])])),
    none: treeOf(plain, []),
    ...Object.fromEntries(
      shapes.map((shape) => [`all, ${shape.kind}, ${shape.library}`, treeOf(shape, PATTERNS)]),
    ),
  };
  const mistaken = {
    ...treeOf(plain, []),
    'src/keyspaces.ts': "import './nowhere.js';\nlet unused: Missing;\n",
  };
  let said: Readonly<Record<string, readonly string[]>>;
  // One program for all of them: what takes long is reading the declarations of the packages.
  beforeAll(() => {
    said = compileAll({ ...trees, mistaken });
  }, 120_000);

  it.each(Object.keys(trees))('%s', (name) => {
    expect(said[name]).toEqual([]);
  });

  it('would notice a mistake', () => {
    expect(said.mistaken?.join()).toMatch(/nowhere\.js.*Missing/s);
  });
});
