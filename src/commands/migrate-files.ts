import { NEXT_FOLDER } from '../migrate/journal.ts';
import type { StackFiles } from '../migrate/step.ts';
import { applyStack, generate, planStack } from '../pipeline.ts';
import { changesAnything, conflicts } from '../plan/describe.ts';
import { merge } from '../plan/merge/index.ts';
import type { Plan } from '../plan/types.ts';
import { NO_CHOICES } from '../plan/types.ts';
import { ProblemError, problem } from '../problem.ts';
import { editSpecText } from '../spec/edit.ts';
import type { StackSpec } from '../spec/types.ts';
import type { System } from '../system.ts';
import { planCertificates } from '../workspace/certificates.ts';
import { inside } from '../workspace/paths.ts';

interface Both {
  /** As redis-stack.yaml has it now, whatever it was when the stack was started. */
  readonly stored: StackSpec;
  /** Undefined where there was no stack of ours before. */
  readonly before: StackSpec | undefined;
  readonly after: StackSpec;
}

/** What an `update` to this spec would do, with the user's edits kept. */
export async function planFiles(system: System, root: string, spec: StackSpec, stored: StackSpec) {
  const generated = generate(spec, stored);
  const certificates = await planCertificates(system, root, generated.model);
  const editing = { merge, editSpec: editSpecText, choices: NO_CHOICES };
  return { generated, plan: planStack(system, root, generated, editing, certificates) };
}

/** The files of a stack for the time of a migration: everything is planned as `update` plans it. */
export function stackFiles(system: System, root: string, { stored, before, after }: Both): StackFiles {
  const { files } = system;
  const write = async (spec: StackSpec, present: StackSpec): Promise<void> => {
    const { generated, plan } = await planFiles(system, root, spec, present);
    expectNoConflict(plan);
    if (changesAnything(plan) || plan.recordsMove) applyStack(system, root, generated, plan);
  };
  return {
    secrets: async () => {
      const { plan } = await planFiles(system, root, after, stored);
      for (const { path, text, mode, ownership, action } of plan.changes) {
        if (ownership !== 'secret' || text === undefined || action === 'keep') continue;
        files.write(inside(root, `${path}.new`), text, mode ?? 0o600);
        files.move(inside(root, `${path}.new`), inside(root, path));
      }
    },
    stage: async () => {
      const { generated, plan } = await planFiles(system, root, after, stored);
      expectNoConflict(plan);
      const planned = new Map(plan.changes.map((change) => [change.path, change]));
      for (const { path, text, mode } of generated.files.filter((file) => file.path.startsWith('conf/'))) {
        const final = planned.get(path)?.text ?? files.read(inside(root, path)) ?? text;
        files.write(inside(root, `${NEXT_FOLDER}/${path}`), final, mode);
      }
    },
    apply: () => write(after, stored),
    restore: () => (before ? write(before, after) : Promise.resolve()),
  };
}

export function expectNoConflict(plan: Plan): void {
  if (plan.damage.length > 0) throw new ProblemError(...plan.damage);
  const clashing = conflicts(plan).map(({ path }) => path);
  if (clashing.length === 0) return;
  throw new ProblemError(
    problem(
      'migrate/conflict',
      clashing.join(', '),
      'Your edits and the new stack change the same lines.',
      'Decide with `update --ours` or `update --theirs` (the running servers are not touched by it), then migrate again.',
    ),
  );
}
