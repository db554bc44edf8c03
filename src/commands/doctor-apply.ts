import { colors } from '../colors.ts';
import { type Applied, applyFixes } from '../doctor/apply.ts';
import { type CommandFix, isSafeLive, type Mending, mendingOf, type SpecFix } from '../doctor/fixes.ts';
import type { Diagnosis } from '../doctor/types.ts';
import { problem } from '../problem.ts';
import type { System } from '../system.ts';
import { type Asking, confirmed } from './confirmed.ts';
import { driftFixes } from './doctor-drift.ts';
import { inOneLine, upCommand, wayOf } from './doctor-mending.ts';
import type { Subject } from './doctor-subject.ts';

type Applying = Asking & { readonly target: string };
type Servers = Extract<Subject, { kind: 'servers' }>;

/** Does what is safe on servers that serve, after asking. Exit code 1 where something would not be done. */
export async function applyMending(
  system: System,
  args: Applying,
  subject: Subject,
  diagnosis: Diagnosis,
): Promise<number> {
  const mending = mendingOf(diagnosis.findings);
  if (diagnosis.facts.model !== undefined)
    return applyToStack(system, args, plannedFor(subject, mending, diagnosis));
  if (subject.kind === 'spec' || mending.live.length === 0) return say(system, args, nothing);
  if (!(await confirmed(system, args, `${giveWords(mending.live)}?`, unasked)))
    return say(system, args, unchanged);
  const { given, code } = await give(system, args, { subject, fixes: mending.live, diagnosis });
  if (given > 0)
    say(system, args, 'The servers forget it when they start again; CONFIG REWRITE keeps it in their file.');
  return code;
}

const nothing = 'Nothing to do that is safe while servers serve.';
const unchanged = 'Nothing was changed.';

export const unasked = problem(
  'doctor/not-confirmed',
  '--apply',
  'It changes running servers, and nobody can be asked here.',
  'Look at --fix first, then add --yes.',
);

function say(system: System, { json }: Asking, text: string): number {
  (json ? system.err : system.out)(`\n${text}\n`);
  return 0;
}

/** What would be done to a stack of ours. */
interface Planned {
  readonly diagnosis: Diagnosis;
  readonly spec: readonly SpecFix[];
  /** Bring the servers along, as `update --live` does: not for containers. */
  readonly live: boolean;
  readonly isCompose: boolean;
  /** Settings for containers, which are given one by one. */
  readonly giving: { readonly subject: Servers; readonly fixes: readonly CommandFix[] } | undefined;
}

function plannedFor(subject: Subject, mending: Mending, diagnosis: Diagnosis): Planned {
  const spec = mending.spec.filter(isSafeLive);
  const isCompose = wayOf(subject) === 'compose';
  const fixes = isCompose && mending.drifted ? driftFixes(diagnosis.facts) : [];
  const giving = subject.kind === 'servers' && fixes.length > 0 ? { subject, fixes } : undefined;
  const live = subject.kind === 'servers' && !isCompose && (spec.length > 0 || mending.drifted);
  return { diagnosis, spec, live, isCompose, giving };
}

async function applyToStack(system: System, args: Applying, planned: Planned): Promise<number> {
  const { spec, live, giving, isCompose, diagnosis } = planned;
  if (spec.length === 0 && !live && !giving) return say(system, args, nothing);
  if (!(await confirmed(system, args, stackQuestion(planned), unasked))) return say(system, args, unchanged);
  const given = giving ? await give(system, args, { ...giving, diagnosis }) : { code: 0 };
  if (spec.length === 0 && !live) return given.code;
  const updated = await bringFiles(system, args, planned);
  if (isCompose && updated === 0)
    say(system, args, `The containers take it over with: ${upCommand(args.target)}`);
  return Math.max(given.code, updated);
}

/** The files of a stack own its settings, so they are changed first, and the servers follow. */
async function bringFiles(system: System, args: Applying, { spec, live }: Planned): Promise<number> {
  const { update } = await import('./update.ts');
  // The output of programs is the diagnosis alone.
  return update(args.json ? { ...system, out: system.err } : system, {
    dir: args.target,
    set: spec.map(({ path, value }) => `${path}=${value}`),
    short: {},
    ours: [],
    theirs: [],
    restore: [],
    ask: false,
    adopt: false,
    diff: false,
    live,
    timeoutSeconds: 60,
    dryRun: false,
    json: args.json,
  });
}

function stackQuestion({ spec, live, giving }: Planned): string {
  const change = `Change redis-stack.yaml (${spec.map(({ path, value }) => `${path}: ${value}`).join(', ')})`;
  if (giving)
    return spec.length === 0
      ? `${giveWords(giving.fixes)}?`
      : `${giveWords(giving.fixes)}, and ${lower(change)}?`;
  if (spec.length === 0) return 'Bring the running servers to what their files say?';
  return live ? `${change} and bring the running servers along?` : `${change}?`;
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function giveWords(fixes: readonly CommandFix[]): string {
  const count = fixes.length;
  return `Give ${count === 1 ? 'this setting' : `these ${count} settings`} to the servers`;
}

interface Giving {
  readonly subject: Servers;
  readonly fixes: readonly CommandFix[];
  readonly diagnosis: Diagnosis;
}

/** How many were given, and 1 where not all were. */
async function give(
  system: System,
  args: Asking,
  { subject, fixes, diagnosis }: Giving,
): Promise<{ readonly given: number; readonly code: number }> {
  const tell = args.json ? system.err : system.out;
  const done = await applyFixes(fixes, {
    addressOf: (name) => diagnosis.facts.nodes.find((node) => node.name === name)?.at,
    credentials: subject.target.credentials,
    onBegin: ({ at, words }, undo) =>
      tell(`\n${at}: ${inOneLine(words)}\n  ${colors.dim(`the way back: ${inOneLine(undo)}`)}\n`),
    onDone: (one) => tell(doneWords(one)),
  });
  const given = done.filter(({ error }) => error === undefined).length;
  return { given, code: given === fixes.length ? 0 : 1 };
}

const doneWords = ({ fix, error }: Applied): string =>
  error === undefined
    ? `  ${colors.green('done')}\n`
    : `  ${colors.red('refused')} ${fix.at}: ${inOneLine(fix.words)}: ${error}\n`;
