import { prepareBackups } from './backup/prepare.ts';
import { buildModel } from './model/build.ts';
import { EXPORTER_PASSWORDS, EXPORTER_USER, exporterPasswords, isMonitored } from './model/monitoring.ts';
import type { StackModel } from './model/types.ts';
import { type Merge, planChanges } from './plan/decide.ts';
import { type Change, type Choices, type CurrentFile, NO_CHOICES, type Plan } from './plan/types.ts';
import { ProblemError, problem } from './problem.ts';
import { specSchemaText } from './spec/json-schema.ts';
import { parseSpec } from './spec/parse.ts';
import { printSpec, SCHEMA_FILE, SPEC_FILE } from './spec/print.ts';
import type { StackSpec } from './spec/types.ts';
import type { System } from './system.ts';
import { secretUsers } from './targets/docs/views.ts';
import { renderStack } from './targets/registry.ts';
import { managed, type RenderedFile, seed } from './targets/types.ts';
import { VERSION } from './version.ts';
import { adoptPristine } from './workspace/adopt.ts';
import { applyPlan, nextState } from './workspace/apply.ts';
import { CA_CERTIFICATE, ENV_FILE, inside, SECRETS } from './workspace/paths.ts';
import { readCurrent, readWorkspace, type Workspace } from './workspace/read.ts';
import { passwordAfter, planDerived, planSecrets } from './workspace/secrets.ts';
import { printState } from './workspace/state.ts';

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
  readonly choices?: Choices;
  /** Rebuild our records where they were edited or lost. */
  readonly adopt?: boolean;
}

/** For a new stack, where there is nothing to merge: spares it the libraries that merging needs. */
const NO_EDITS: Editing = {
  merge: (_path, _pristine, _current, next) => ({ ok: false, proposal: next, clashes: [] }),
  editSpec: (text) => text,
};

/** Compares what is to be with what is there. Reads the folder, changes nothing. `certificates` are planned apart. */
export function planStack(
  system: Pick<System, 'files' | 'randomBytes'>,
  root: string,
  generated: Generated,
  editing: Editing = NO_EDITS,
  certificates: readonly Change[] = [],
): Plan {
  const { files } = system;
  const found = readWorkspace(files, root);
  const workspace = editing.adopt ? adopted(files, root, found, generated) : found;
  const users = secretUsers(generated.model);
  const secretPaths = users.map((user) => `${SECRETS}/${user.name}`);
  const paths = [...workspace.pristine.keys(), ...generated.files.map((file) => file.path)];
  const current = readCurrent(files, root, paths);
  const currentSecrets = texts(readCurrent(files, root, secretPaths));
  const secrets = planSecrets(users, files.read(inside(root, ENV_FILE)), currentSecrets, system.randomBytes, {
    REDIS_TLS_CA: generated.model.spec.security.tls ? inside(root, CA_CERTIFICATE) : undefined,
  });
  const situation = { pristine: workspace.pristine, current, next: generated.files };
  const decided = planChanges(situation, editing.merge, editing.choices ?? NO_CHOICES).map((change) =>
    change.path === SPEC_FILE ? specChange(change, current, generated, editing.editSpec) : change,
  );
  const derived = derivedSecrets(
    files,
    root,
    generated.model,
    passwordAfter(secrets, currentSecrets, EXPORTER_USER),
  );
  const changes = [...decided, ...secrets, ...derived, ...certificates].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
  const records = printState(nextState({ plan: { changes }, ...stamp(generated) }));
  return { changes, damage: workspace.damage, recordsMove: records !== workspace.stateText };
}

/** The exporters want their password in a file of their own shape. */
function derivedSecrets(
  files: System['files'],
  root: string,
  model: StackModel,
  password: string,
): readonly Change[] {
  if (!isMonitored(model)) return [];
  const current = files.read(inside(root, `${SECRETS}/${EXPORTER_PASSWORDS}`));
  return [planDerived(EXPORTER_PASSWORDS, current, exporterPasswords(model, password))];
}

function texts(current: ReadonlyMap<string, CurrentFile>): ReadonlyMap<string, string> {
  return new Map([...current].map(([path, { text }]) => [path, text]));
}

/** The records as they would be had nobody touched them. */
function adopted(
  files: System['files'],
  root: string,
  workspace: Workspace,
  { files: next }: Generated,
): Workspace {
  const then = workspace.state && parseSpec(workspace.state.spec, 'stack');
  const renderedThen = then?.ok ? generate(then.value.spec).files : [];
  const pristine = adoptPristine(files, root, { workspace, renderedThen, next });
  return { ...workspace, pristine, damage: [], stateText: undefined };
}

/** What was applied last and by which release of this tool, where our records tell it and it still is a spec. */
export function readApplied(
  files: System['files'],
  root: string,
): { readonly spec: StackSpec; readonly tool: string } | undefined {
  const { state } = readWorkspace(files, root);
  const parsed = state && parseSpec(state.spec, 'stack');
  return parsed?.ok ? { spec: parsed.value.spec, tool: state?.tool ?? '' } : undefined;
}

/** `redis-stack.yaml` is the user's: only the values that new answers changed are changed in it. */
function specChange(
  change: Change,
  current: ReadonlyMap<string, CurrentFile>,
  { model, specBefore }: Generated,
  editSpec: EditSpec,
): Change {
  const text = current.get(SPEC_FILE)?.text;
  if (text === undefined || specBefore === undefined) return change;
  const edited = editSpec(text, specBefore, model.spec);
  if (edited !== text && current.get(SPEC_FILE)?.guard !== undefined) throw new ProblemError(guardedSpec());
  return edited === text
    ? change
    : { ...change, action: 'update', reason: 'settled', because: 'your new answers', text: edited };
}

function guardedSpec() {
  return problem(
    'update/spec-guarded',
    SPEC_FILE,
    'It is read-only or a link, so the new answers cannot be written into it.',
    'Edit the file that holds it, then run update without flags.',
  );
}

function stamp(generated: Generated) {
  const spec = generated.model.spec as unknown as Record<string, unknown>;
  return { spec, tool: VERSION };
}

/** Carries the plan out: all files or none. Refuses while our own records cannot be trusted. */
export function applyStack(
  system: Pick<System, 'files'>,
  root: string,
  generated: Generated,
  plan: Plan,
): void {
  if (plan.damage.length > 0) throw new ProblemError(...plan.damage);
  applyPlan(system.files, { root, plan, ...stamp(generated) });
  if (generated.model.backup.scheduled) prepareBackups(system.files, root, generated.model);
}
