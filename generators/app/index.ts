import { basename } from 'node:path';
import Generator from 'yeoman-generator';
import { gatherInput } from '../../src/commands/arguments.ts';
import { applyStack, type Generated, generate, planStack } from '../../src/pipeline.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { questions } from '../../src/spec/questions.ts';
import { TARGETS } from '../../src/targets/registry.ts';
import { planCertificates } from '../../src/workspace/certificates.ts';
import { expectFreeFolder } from '../../src/workspace/target.ts';
import { declareOptions, given, specArguments } from '../options.ts';
import { systemOf } from '../system.ts';

/** `yo redis-stack [dir]`: ask → spec → plan → write, over the same pipeline as the command. */
export default class AppGenerator extends Generator {
  #answers: unknown = {};
  #generated: Generated | undefined;

  constructor(args: string[], options: Record<string, unknown>) {
    super(args, options as never);
    this.argument('dir', { type: String, required: false, description: 'folder of the stack' });
    declareOptions(this);
    const { dir } = given(this);
    if (typeof dir === 'string') this.destinationRoot(dir);
  }

  async initializing(): Promise<void> {
    expectFreeFolder(systemOf(this).files, this.destinationRoot(), this.destinationRoot());
    this.#answers = await gatherInput(systemOf(this), specArguments(given(this)));
  }

  async prompting(): Promise<void> {
    const { yes, spec } = given(this);
    if (yes || spec) return;
    const offered = TARGETS.filter((target) => !target.always);
    const asked = questions(basename(this.destinationRoot()), offered);
    // The adapter's own prompt: the generator's would remember answers between stacks, and takes none to begin with.
    this.#answers = await this.env.adapter.prompt(asked as never, this.#answers as never);
  }

  configuring(): void {
    const { spec } = expectValue(parseSpec(this.#answers, basename(this.destinationRoot())));
    this.#generated = generate(spec);
  }

  async writing(): Promise<void> {
    if (!this.#generated) return;
    const system = systemOf(this);
    const root = this.destinationRoot();
    const certificates = await planCertificates(system, root, this.#generated.model);
    const plan = planStack(system, root, this.#generated, undefined, certificates);
    applyStack(system, root, this.#generated, plan);
    for (const { action, path } of plan.changes) this.log.writeln(`${action.padStart(9)} ${path}`);
  }
}
