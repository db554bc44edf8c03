import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { problem } from '../problem.ts';
import { clientPackages } from '../targets/client/libraries.ts';
import { inside } from '../workspace/paths.ts';
import { type CheckContext, type Checker, type CheckResult, judge, skipped } from './types.ts';

/** Compiles the client with the TypeScript that its own package.json asks for. */
export const client: Checker = {
  id: 'client',
  title: 'the client compiles',
  applies: (model) => model.spec.targets.includes('client'),
  run: checkClient,
};

async function checkClient({ root, model, system }: CheckContext): Promise<CheckResult> {
  const folder = inside(root, 'client');
  const compiler = resolveFrom(folder, 'typescript/package.json');
  const packages = clientPackages(model.spec).map((name) => resolveFrom(folder, name));
  if (!compiler || packages.includes(undefined)) {
    return skipped('Its packages are not installed: run `npm install` in client/ first.');
  }
  const result = await execa(
    process.execPath,
    [join(dirname(compiler), 'bin/tsc'), '-p', folder, '--noEmit', '--pretty', 'false'],
    {
      env: { PATH: system.env.PATH },
      extendEnv: false,
      reject: false,
      timeout: 120_000,
    },
  );
  if (result.exitCode === 0) return judge([], 'no errors');
  const refused = problem(
    'client/not-compiled',
    'client/',
    'The TypeScript compiler found errors.',
    'Mend them, or take back the edit.',
  );
  return judge(
    [{ ...refused, detail: String(result.stdout).trim().split('\n').slice(0, 12) }],
    'it does not compile',
  );
}

function resolveFrom(folder: string, name: string): string | undefined {
  try {
    return createRequire(join(folder, 'package.json')).resolve(name);
  } catch {
    return undefined;
  }
}
