import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench, describe } from 'vitest';
import { applyStack, generate, planStack } from '../src/pipeline.ts';
import { merge } from '../src/plan/merge/index.ts';
import { expectValue } from '../src/problem.ts';
import { editSpecText } from '../src/spec/edit.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { realFiles } from '../src/system.ts';

const system = { files: realFiles, randomBytes: (count: number) => Buffer.alloc(count, 7) };
const specOf = (limit: string) =>
  expectValue(parseSpec({ name: 'shop', topology: { kind: 'sentinel' }, memory: { limit } }, 'shop')).spec;

describe('planning an update of a full tree, warm process', () => {
  const root = join(mkdtempSync(join(tmpdir(), 'bench-plan-')), 'shop');
  const [before, after] = [specOf('1Gi'), specOf('4Gi')];
  const written = generate(before);
  applyStack(system, root, written, planStack(system, root, written));
  for (const path of ['conf/redis.conf', 'compose.yaml', 'README.md', 'client/package.json'])
    realFiles.write(`${root}/${path}`, `${realFiles.read(`${root}/${path}`)}\n`, 0o644);

  bench('sentinel, four edited files', () => {
    planStack(system, root, generate(after, before), { merge, editSpec: editSpecText });
  });
});
