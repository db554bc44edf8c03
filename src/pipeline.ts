import { buildModel } from './model/build.ts';
import type { StackModel } from './model/types.ts';
import { type Merge, planChanges } from './plan/decide.ts';
import type { Change, Plan } from './plan/types.ts';
import { expectValue } from './problem.ts';
import { specSchemaText } from './spec/json-schema.ts';
import { printSpec, SCHEMA_FILE, SPEC_FILE } from './spec/print.ts';
import type { StackSpec } from './spec/types.ts';
import type { System } from './system.ts';
import { allUsers } from './targets/docs/views.ts';
import { renderStack } from './targets/registry.ts';
import { managed, type RenderedFile, seed } from './targets/types.ts';
import { VERSION } from './version.ts';
import { applyPlan } from './workspace/apply.ts';
import { ENV_FILE, inside, SECRETS } from './workspace/paths.ts';
import { readCurrent, readWorkspace } from './workspace/read.ts';
import { planSecrets } from './workspace/secrets.ts';

/** A stack decided and rendered, nothing written. */
export interface Generated {
  readonly model: StackModel;
  readonly files: readonly RenderedFile[];
  /** What the user's `redis-stack.yaml` gives before new answers are laid over it. */
  readonly specBefore: StackSpec | undefined;
}

/** From a spec to every file of its stack. Pure. */
export function generate(spec: StackSpec, specBefore?: StackSpec): Generated {
  const model = buildModel(spec);
  const own = [seed(SPEC_FILE, printSpec(spec)), managed(SCHEMA_FILE, specSchemaText)];
  return {
    model,
    specBefore,
    files: [...renderStack(model), ...own].sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Lays new answers over the text of the user's `redis-stack.yaml`. */
export type EditSpec = (text: string, before: StackSpec, after: StackSpec) => string;

/** What it takes to change a stack that somebody may have edited. */
export interface Editing {
  readonly merge: Merge;
  readonly editSpec: EditSpec;
}

/** For a new stack, where there is nothing to merge: spares it the libraries that merging needs. */
const NO_EDITS: Editing = {
  merge: (_path, _pristine, _current, next) => ({ ok: false, proposal: next, clashes: [] }),
  editSpec: (text) => text,
};

/** Compares what is to be with what is there. Reads the folder, changes nothing. */
export function planStack(
  system: Pick<System, 'files' | 'randomBytes'>,
  root: string,
  generated: Generated,
  { merge, editSpec }: Editing = NO_EDITS,
): Plan {
  const { files } = system;
  const workspace = expectValue(readWorkspace(files, root));
  const users = allUsers(generated.model);
  const secretPaths = users.map((user) => `${SECRETS}/${user.name}`);
  const paths = [...workspace.pristine.keys(), ...generated.files.map((file) => file.path)];
  const current = readCurrent(files, root, paths);
  const secrets = planSecrets(
    users,
    files.read(inside(root, ENV_FILE)),
    readCurrent(files, root, secretPaths),
    system.randomBytes,
  );
  const plan = planChanges({ pristine: workspace.pristine, current, next: generated.files }, merge);
  const changes = plan.changes.map((change) =>
    change.path === SPEC_FILE ? specChange(change, current, generated, editSpec) : change,
  );
  return { changes: [...changes, ...secrets].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** `redis-stack.yaml` is the user's: only the values that new answers changed are changed in it. */
function specChange(
  change: Change,
  current: ReadonlyMap<string, string>,
  { model, specBefore }: Generated,
  editSpec: EditSpec,
): Change {
  const text = current.get(SPEC_FILE);
  if (text === undefined || specBefore === undefined) return change;
  const edited = editSpec(text, specBefore, model.spec);
  return edited === text
    ? change
    : { ...change, action: 'update', because: 'your new answers', text: edited };
}

/** Carries the plan out: all files or none. */
export function applyStack(
  system: Pick<System, 'files'>,
  root: string,
  generated: Generated,
  plan: Plan,
): void {
  const spec = generated.model.spec as unknown as Record<string, unknown>;
  applyPlan(system.files, { root, plan, spec, tool: VERSION });
}
