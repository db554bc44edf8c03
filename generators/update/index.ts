import { basename } from 'node:path';
import { parse } from 'yaml';
import Generator from 'yeoman-generator';
import { assignmentsOf } from '../../src/commands/arguments.ts';
import { openStack } from '../../src/commands/stack.ts';
import { applyStack, generate, planStack } from '../../src/pipeline.ts';
import { describePlan } from '../../src/plan/describe.ts';
import { merge } from '../../src/plan/merge/index.ts';
import { expectValue } from '../../src/problem.ts';
import { editSpecText } from '../../src/spec/edit.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { revise } from '../../src/spec/revise.ts';
import { planCertificates } from '../../src/workspace/certificates.ts';
import { declareOptions, given, specArguments } from '../options.ts';
import { systemOf } from '../system.ts';

/** `yo redis-stack:update [dir]`: the stored spec and new answers → the same tail as the app generator. */
export default class UpdateGenerator extends Generator {
  constructor(args: string[], options: Record<string, unknown>) {
    super(args, options as never);
    this.argument('dir', { type: String, required: false, description: 'folder of the stack' });
    declareOptions(this);
    const { dir } = given(this);
    if (typeof dir === 'string') this.destinationRoot(dir);
  }

  async writing(): Promise<void> {
    const system = systemOf(this);
    const root = this.destinationRoot();
    const { spec: stored } = openStack(system, root, { recover: true });
    const changed = expectValue(revise(stored, assignmentsOf(specArguments(given(this))), parse));
    const { spec } = expectValue(parseSpec(changed, basename(root)));
    const generated = generate(spec, stored);
    const certificates = await planCertificates(system, root, generated.model);
    const plan = planStack(system, root, generated, { merge, editSpec: editSpecText }, certificates);
    applyStack(system, root, generated, plan);
    for (const line of describePlan(plan)) this.log.writeln(line);
  }
}
