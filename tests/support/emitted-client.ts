import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { generate } from '../../src/pipeline.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';

/** The files of `client/` in a stack, by their path there. */
export type Tree = Readonly<Record<string, string>>;

export function emittedClient(input: object): Tree {
  const { spec } = expectValue(parseSpec({ memory: { eviction: 'noeviction' }, ...input }, 'shop'));
  return Object.fromEntries(
    generate(spec)
      .files.filter(({ path }) => path.startsWith('client/'))
      .map(({ path, text }) => [path.slice('client/'.length), text]),
  );
}

/** What a module imports, as it names it; also for its types, and by `import()`. */
export function importsOf(text: string): readonly string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles many trees at once, each as its own tsconfig.json says, and gives what the compiler says of each. They stand in
 * one program, below the packages of this repository, so that the declarations of those are read and checked once.
 */
export function compileAll(
  trees: Readonly<Record<string, Tree>>,
): Readonly<Record<string, readonly string[]>> {
  const root = join(repository, '.cache/emitted');
  const files = new Map(
    Object.entries(trees).flatMap(([name, tree]) =>
      Object.entries(tree).map(([path, text]) => [join(root, name, path), text] as const),
    ),
  );
  const options = { ...optionsOf(trees), noEmit: true };
  delete options.rootDir;
  delete options.outDir;
  const host = hostOver(files, options);
  const sources = [...files.keys()].filter((path) => path.endsWith('.ts'));
  const program = ts.createProgram(sources, options, host);
  const said = ts.getPreEmitDiagnostics(program).map((diagnostic) => ({
    path: diagnostic.file?.fileName ?? '',
    text: ts.formatDiagnostic(diagnostic, host),
  }));
  const general = said.filter(({ path }) => !path.startsWith(root)).map(({ text }) => text);
  return Object.fromEntries(
    Object.keys(trees).map((name) => {
      const own = said.filter(({ path }) => path.startsWith(`${join(root, name)}/`)).map(({ text }) => text);
      return [name, [...general, ...own]];
    }),
  );
}

/** The compiler options of the trees, which are the same for all. */
function optionsOf(trees: Readonly<Record<string, Tree>>): ts.CompilerOptions {
  const texts = new Set(Object.values(trees).map((tree) => tree['tsconfig.json'] ?? ''));
  const [text = ''] = texts;
  if (texts.size !== 1) throw new Error('trees with different tsconfig.json');
  const { config } = ts.parseConfigFileTextToJson('tsconfig.json', text) as {
    config: { compilerOptions: object };
  };
  return ts.convertCompilerOptionsFromJson(config.compilerOptions, repository).options;
}

/** The disk, with more files on it. */
function hostOver(files: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.CompilerHost {
  const disk = ts.createCompilerHost(options);
  const folders = new Set([...files.keys()].flatMap(parents));
  return {
    ...disk,
    getCurrentDirectory: () => repository,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    directoryExists: (path) => folders.has(path) || (disk.directoryExists?.(path) ?? false),
    getSourceFile: (path, target) => {
      const text = files.get(path);
      return text === undefined
        ? disk.getSourceFile(path, target)
        : ts.createSourceFile(path, text, target, true);
    },
  };
}

function parents(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...parents(parent)];
}
