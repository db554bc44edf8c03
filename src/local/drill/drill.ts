import type { StackDescription } from '../../../templates/client/src/description.ts';
import { ProblemError, problem } from '../../problem.ts';
import type { Credentials } from '../../redis/connection.ts';
import type { ClientLibrary } from '../../spec/types.ts';
import { observe } from '../observe.ts';
import type { Harm, Journal } from './journal.ts';
import { mend } from './mend.ts';
import type { DrillStack } from './network.ts';
import { practise } from './practise.ts';
import type { Circumstances, Scenario, ScenarioResult } from './types.ts';
import type { Waiting } from './waiting.ts';

/** All that a drill works with. */
export interface DrillContext {
  readonly stack: DrillStack;
  readonly journal: Journal;
  /** The admin user. */
  readonly credentials: Credentials;
  /** What the application's client is told of the stack, and its environment. */
  readonly description: StackDescription;
  readonly library: ClientLibrary;
  readonly clientEnv: Readonly<Record<string, string>>;
  readonly circumstances: Circumstances;
  /** Writes a second, and as many reads. */
  readonly rate: number;
  readonly waiting: Waiting;
  /** Leftovers of an earlier drill were given back a moment ago. */
  readonly wasMended: boolean;
  /** Stops the drill: what was done is undone first. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Recreates all nodes at once, and says when they begin to come back. */
  readonly recreate: (givingBack: () => void) => Promise<void>;
}

/** Practises the scenarios one after the other; stops after one that the stack has not recovered from. */
export async function drill(
  ctx: DrillContext,
  scenarios: readonly Scenario[],
  run: string,
  onResult: (result: ScenarioResult) => void,
): Promise<void> {
  try {
    await expectHealthy(ctx);
    for (const [i, scenario] of scenarios.entries()) {
      ctx.say(`${scenario.id}: ${scenario.does}`);
      const say = (text: string) => ctx.say(`${scenario.id}: ${text}`);
      onResult(await practise({ ...ctx, say }, scenario, `${run}-${i}`));
      if (!(await isHealthy(ctx))) break;
    }
  } finally {
    await giveBack(ctx);
  }
}

/** The journal stays where something could not be given back. */
async function giveBack({ stack, journal }: DrillContext): Promise<void> {
  try {
    await mend(stack, journal.harms());
  } catch (error) {
    throw new ProblemError(notMended(journal.harms(), error as Error));
  }
  journal.close();
}

const notMended = (harms: readonly Harm[], { message }: Error) =>
  problem(
    'drill/not-mended',
    harms.map(({ node }) => node).join(', '),
    `It was stopped or frozen, and could not be given back: ${message}`,
    'Try again with `drill --mend`, or bring it up with `up`.',
  );

const missing = async ({ stack, credentials }: DrillContext) =>
  (await observe({ model: stack.placed, credentials })).missing;

const isHealthy = async (ctx: DrillContext): Promise<boolean> => (await missing(ctx)).length === 0;

/** A stack that is not well would only show what is wrong with it already. One that was just mended may take its time. */
async function expectHealthy(ctx: DrillContext): Promise<void> {
  if (ctx.wasMended) await ctx.waiting.until('ready', () => isHealthy(ctx)).catch(() => false);
  const found = await missing(ctx);
  if (found.length === 0) return;
  throw new ProblemError(
    problem(
      'drill/not-healthy',
      'the stack',
      `It is not ready: it waits until ${found.join('; ')}.`,
      'Bring it up first; `status` says how each node is.',
    ),
  );
}
