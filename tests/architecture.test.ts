import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly to: string;
  /** True when only types are taken: that binds no code. */
  readonly typeOnly: boolean;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

function sources(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    if (!path.endsWith('.ts') || path.endsWith('.d.ts')) return [];
    const text = readFileSync(join(root, path), 'utf8');
    return [{ path, text, imports: importsOf(path, text) }];
  });
}

function importsOf(path: string, text: string): readonly Import[] {
  const found = text.matchAll(
    /(import|export)\s+(type\s)?([^'"]*?)from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map(([, , type, names = '', from, dynamic]) => {
    const to = from ?? dynamic ?? '';
    const listed =
      /\{([^}]*)\}/
        .exec(names)?.[1]
        ?.split(',')
        .map((n) => n.trim())
        .filter(Boolean) ?? [];
    const typeOnly =
      type !== undefined ||
      (listed.length > 0 && listed.every((n) => n.startsWith('type ')) && !/^\s*\w/.test(names));
    return { to: to.startsWith('.') ? normalize(join(dirname(path), to)) : to, typeOnly };
  });
}

const all = [...sources('src'), ...sources('generators')];
const inRoom = (...rooms: readonly string[]) =>
  all.filter(({ path }) => rooms.some((room) => path.startsWith(`src/${room}`)));

/** What a file takes code from that matches a pattern, as lines to read in a failure. */
function taken(files: readonly Source[], what: RegExp): readonly string[] {
  return files.flatMap(({ path, imports }) =>
    imports.filter((i) => !i.typeOnly && what.test(i.to)).map((i) => `${path} → ${i.to}`),
  );
}

describe('import directions', () => {
  const EFFECTS =
    /^node:(fs|child_process|net|http|https|dns|tls|worker_threads)|^execa$|^@redis\/client$|^inquirer$|src\/system\.ts$/;

  it('pure rooms take no effects', () => {
    const pure = inRoom(
      'engines/',
      'model/',
      'topologies/',
      'spec/',
      'targets/',
      'plan/',
      'import/',
      'structures/',
      'doctor/rules/',
      'doctor/checklist/',
      'doctor/savings/',
      'doctor/report/',
      'doctor/diagnose.ts',
      'doctor/spec-facts.ts',
      'problem.ts',
      'nearest.ts',
      'digest.ts',
      'pipeline.ts',
    );
    expect(pure.length).toBeGreaterThan(40);
    expect(taken(pure, EFFECTS)).toEqual([]);
  });

  it('targets look at the model and never at a topology', () => {
    expect(taken(inRoom('targets/'), /src\/(topologies|commands|local|workspace|plan|checks)\//)).toEqual([]);
    const naming = inRoom('targets/').filter(({ text }) =>
      /topology\.kind\s*[!=]==|case '(standalone|cluster)'|'(standalone|cluster)'/.test(text),
    );
    expect(naming.map((s) => s.path)).toEqual([]);
  });

  it.each([
    ['engines/', /src\/(spec|model|topologies|targets|plan|workspace|local|redis|checks|commands)\//],
    ['model/', /src\/(targets|plan|workspace|local|redis|checks|commands)\//],
    ['topologies/', /src\/(targets|plan|workspace|local|redis|checks|commands)\//],
    ['plan/', /src\/(spec|model|topologies|workspace|local|redis|checks|commands)\//],
    ['import/', /src\/(targets|plan|workspace|local|redis|checks|commands)\//],
    ['structures/', /src\/(targets|plan|workspace|local|redis|checks|commands)\//],
    ['doctor/', /src\/(topologies|targets|plan|workspace|local|migrate|checks|commands)\//],
    ['certificates/', /src\/(spec|topologies|targets|local|redis|checks|commands)\//],
    ['redis/', /src\/(spec|topologies|targets|plan|workspace|local|checks|commands)\//],
    ['local/', /src\/(targets|plan|checks|commands)\//],
    ['workspace/', /src\/(model|topologies|targets|local|redis|checks|commands)\//],
  ] as const)('%s does not reach above itself', (room, above) => {
    expect(taken(inRoom(room), above)).toEqual([]);
  });

  it('nobody but the command line and Yeoman builds on commands', () => {
    const others = all.filter(
      ({ path }) =>
        !path.startsWith('src/commands/') && !path.startsWith('generators/') && path !== 'src/cli.ts',
    );
    expect(taken(others, /src\/commands\//)).toEqual([]);
  });
});

describe('habits', () => {
  it('only cli.ts sets the exit code, and nobody ends the process', () => {
    expect(all.filter(({ text }) => text.includes('process.exitCode')).map((s) => s.path)).toEqual([
      'src/cli.ts',
    ]);
    expect(all.filter(({ text }) => text.includes('process.exit(')).map((s) => s.path)).toEqual([]);
  });

  it('no file says nothing by its name', () => {
    const vague = /(^|\/)(utils?|helpers?|common|manager|misc)\b/;
    expect(all.filter(({ path }) => vague.test(path)).map((s) => s.path)).toEqual([]);
  });

  it('TypeScript is not templated', () => {
    expect(
      [...all, ...sources('templates/client/src')]
        .filter(({ text }) => text.includes('{{'))
        .map((s) => s.path),
    ).toEqual([]);
  });

  it('files stay small', () => {
    const long = all.filter(
      ({ path, text }) => !path.endsWith('engines/directives.ts') && text.split('\n').length > 250,
    );
    expect(long.map((s) => s.path)).toEqual([]);
    const lengths = all.map(({ text }) => text.split('\n').length).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(100);
  });
});
