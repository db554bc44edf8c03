import { measureHere, type Outcome } from '../advise/here.ts';
import { engineAtHand, measureBeside } from '../advise/index.ts';
import { GENTLE, type Wanted } from '../advise/measure.ts';
import { whyNot } from '../advise/server.ts';
import type { Measured } from '../advise/types.ts';
import { expectValue, ProblemError, problem } from '../problem.ts';
import { isDropped } from '../spec/kept-patterns.ts';
import {
  type Advice,
  type Answers,
  adviseStructure,
  type Need,
  PURPOSES,
  parseNeed,
  type Use,
} from '../structures/index.ts';
import type { System } from '../system.ts';
import { advisedJson } from './advise-json.ts';
import { type Meant, meant, type PlaceArguments } from './advise-place.ts';
import { askNeed } from './advise-questions.ts';
import { advisedText, OTHERS } from './advise-words.ts';

export interface AdviseArguments extends PlaceArguments {
  readonly answers: Answers;
  readonly measure: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Leads from a few answers to a structure. Exit code 1 when none fits. */
export async function advise(system: System, args: AdviseArguments): Promise<number> {
  // Flags are checked before the first question, so that nobody answers seven and is refused then.
  expectValue(parseNeed(args.answers));
  const place = await meant(system, args);
  try {
    const need = await needOf(system, args);
    const advice = adviseStructure(need, place.ground).filter((one, i) => i <= OTHERS || one.score >= 60);
    const figures = await figuresFor(system, args, { place, need, advice });
    const next = nextStep(advice[0], place);
    const told = { need, ground: place.ground, advice, next, ...figures };
    system.out(args.json ? advisedJson(told) : advisedText(told));
    return advice.length > 0 ? 0 : 1;
  } finally {
    place.server?.connection.close();
  }
}

async function needOf(system: System, { answers, json }: AdviseArguments): Promise<Need> {
  const isGiven = Object.values(answers).some((answer) => answer !== undefined);
  if (isGiven || json || !system.interactive) {
    if (!isGiven) throw new ProblemError(nothingToGoBy());
    return expectValue(parseNeed(answers));
  }
  return expectValue(parseNeed(await askNeed(answers)));
}

const nothingToGoBy = () =>
  problem(
    'advise/nothing-to-go-by',
    '--need',
    'There is no answer to go by, and nobody to ask.',
    `Give at least one: --need (${Object.keys(PURPOSES).join(', ')}), --access, --order, --unique, --expires.`,
  );

interface Asked {
  readonly place: Meant;
  readonly need: Need;
  readonly advice: readonly Advice[];
}

interface Figures {
  readonly measured: Measured | undefined;
  readonly remark: string | undefined;
}

const NOT_ASKED: Figures = { measured: undefined, remark: undefined };

/** Bytes of an element where nobody says. */
const USUAL_BYTES = 64;

/** On the server itself where that is wanted and may be, else on one beside it, else none, with the reason. */
async function figuresFor(system: System, args: AdviseArguments, asked: Asked): Promise<Figures> {
  if (!args.measure) return NOT_ASKED;
  const { need, advice, place } = asked;
  const uses = advice.filter(({ unavailable }) => unavailable === undefined).map(({ use }) => use);
  const measurable = uses.slice(0, 1 + OTHERS).filter(({ sample }) => sample !== undefined);
  if (measurable.length === 0) return NOT_ASKED;
  const wanted = {
    elements: need.elements,
    bytes: need.bytes ?? USUAL_BYTES,
    expires: need.expires !== undefined && need.expires !== 'never',
  };
  const here = await onServer(system, args, place, { uses: measurable, wanted });
  if (here?.ok) return { measured: here.measured, remark: undefined };
  const remark = here ? `${place.server?.at ?? 'The server'} was not written to: ${here.why}` : place.unasked;
  const program = await engineAtHand(system, place.ground.name);
  if (!program) return { measured: undefined, remark: here ? remark : noProgram(place) };
  const beside = await measureBeside(system, program.server, measurable, wanted);
  if (beside.ok) return { measured: beside.measured, remark };
  return { measured: undefined, remark: `No figures: ${beside.why}` };
}

function noProgram({ ground, unasked }: Meant): string {
  const program = `No figures: there is no ${ground.name}-server on the PATH to measure with`;
  return unasked === undefined ? `${program}, and no server was given with --yes` : `${unasked}. ${program}`;
}

interface What {
  readonly uses: readonly Use[];
  readonly wanted: Wanted;
}

async function onServer(
  system: System,
  args: AdviseArguments,
  { server, ground }: Meant,
  { uses, wanted }: What,
): Promise<Outcome | undefined> {
  if (server === undefined) return undefined;
  const why = whyNot(server.facts);
  if (why !== undefined) return { ok: false, why };
  if (!(await mayWrite(system, args, server.at)))
    return { ok: false, why: 'nobody said yes; --yes allows it' };
  const { connection, facts, at } = server;
  const where = `${ground.title} ${facts.version} at ${at}`;
  const { randomBytes } = system;
  return measureHere({ connection, facts, where, bounds: GENTLE, randomBytes }, uses, wanted);
}

async function mayWrite(system: System, { yes, json }: AdviseArguments, at: string): Promise<boolean> {
  if (yes || json || !system.interactive) return yes;
  const { confirm } = await import('./ask.ts');
  return confirm(
    `Measure on ${at}? It writes up to ${GENTLE.elements} elements, 1 MiB at most, a few milliseconds at a time, and takes them away in the same step.`,
  );
}

/** The command that adds what is advised to a stack; undefined where there is nothing to add. */
function nextStep(best: Advice | undefined, { stack }: Meant): string | undefined {
  const pattern = best?.use.pattern;
  if (pattern === undefined) return undefined;
  if (stack === undefined) return `A stack with it: create-redis-stack shop --patterns ${pattern}`;
  const { client, memory } = stack.spec;
  if (client.patterns.includes(pattern)) return `The client of ${stack.dir} has it already.`;
  const patterns = [...client.patterns, pattern].join(',');
  const policy = isDropped(pattern, memory.eviction) ? ' --set memory.eviction=noeviction' : '';
  return `Add it: create-redis-stack update ${stack.dir} --set client.patterns=${patterns}${policy}`;
}
