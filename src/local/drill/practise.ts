import { ProblemError, problem } from '../../problem.ts';
import { observe } from '../observe.ts';
import { broken, longestGapMs, lostOf, oldestLostMs, remarks } from './account.ts';
import { openApplicationClient } from './client.ts';
import type { DrillContext } from './drill.ts';
import { evictedBetween, evictionCounts } from './evictions.ts';
import { guarded } from './guarded.ts';
import { mend } from './mend.ts';
import { forget, readBack, Traffic } from './traffic.ts';
import type { Scenario, ScenarioResult, Strike } from './types.ts';

/** Traffic that is seen to flow in every shard before anything is done, and after all is well again. */
const WARM_UP = 50;
const AFTERWARDS_MS = 2000;

/** What a scenario did to the stack, with times of one clock in milliseconds. */
interface Blow {
  readonly struckAt: number;
  readonly givenBackAt: number;
  readonly readyMs: number;
  /** Why it did not end as it should. */
  readonly failure?: string;
}

/** Lets one failure happen under the traffic of an application, and gives the account of it. */
export async function practise(ctx: DrillContext, scenario: Scenario, run: string): Promise<ScenarioResult> {
  const { description, library, clientEnv, circumstances, rate } = ctx;
  const client = await openApplicationClient(description, library, { env: clientEnv }).catch(noClient);
  const { keyPrefix } = description;
  const { waitReplicas } = circumstances;
  const traffic = new Traffic({ client, keyPrefix, run, rate, waitReplicas });
  try {
    const before = await evictionCounts(ctx);
    traffic.begin();
    const from = await flowing(ctx, traffic);
    const blow = await strike(ctx, scenario);
    await ctx.waiting.rest(AFTERWARDS_MS);
    const to = performance.now();
    ctx.say('reading back what was acknowledged');
    await traffic.end();
    const present = await readBack(
      client,
      traffic.acknowledged.map(({ key }) => key),
    );
    const evicted = evictedBetween(before, await evictionCounts(ctx));
    return account({ scenario, traffic, present, blow, evicted, from, to, ctx });
  } finally {
    await traffic.end();
    await forget(client, keyPrefix, traffic.keys());
    await client.redis.close({ drainMs: 1000 });
  }
}

/** The time from which every shard has answered often. Nothing has been done to the stack until then. */
async function flowing({ signal, waiting }: DrillContext, traffic: Traffic): Promise<number> {
  const { groups, acknowledged } = traffic;
  const isFlowing = (group: string) => acknowledged.filter((one) => one.group === group).length >= WARM_UP;
  try {
    await waiting.until('writes are acknowledged in every shard', async () => groups.every(isFlowing));
  } catch (cause) {
    signal.throwIfAborted();
    throw new ProblemError(noWrites(traffic.refusal ?? (cause as Error).message));
  }
  return performance.now();
}

/** As the client says it: unreachable from here, or a password that is not the right one. */
function noClient(error: unknown): never {
  throw new ProblemError(
    problem(
      'drill/no-client',
      'the stack',
      `The client of the stack cannot connect: ${(error as Error).message}`,
      'Mend what it says; nothing was harmed.',
    ),
  );
}

const noWrites = (said: string) =>
  problem(
    'drill/no-writes',
    'the stack',
    `It does not take the writes of the drill: ${said}`,
    'Give it room or mend what it says; nothing was harmed.',
  );

/** Whatever happens, nothing stays frozen or stopped. */
async function strike(ctx: DrillContext, scenario: Scenario): Promise<Blow> {
  const { journal, stack, waiting, say } = ctx;
  const times = { struckAt: undefined as number | undefined, givenBackAt: performance.now() };
  const onHarm = (): void => {
    times.struckAt ??= performance.now();
  };
  const safe = guarded(stack, journal, onHarm);
  let failure: string | undefined;
  try {
    await scenario.strike(strikeOf(ctx, safe, times, onHarm));
  } catch (error) {
    ctx.signal.throwIfAborted();
    failure = (error as Error).message;
    times.givenBackAt = performance.now();
  } finally {
    await mend(safe, journal.harms()).catch((error: Error) => {
      failure ??= error.message;
    });
  }
  say('waiting until the stack is ready again');
  const struckAt = times.struckAt ?? times.givenBackAt;
  try {
    await waiting.until('the stack is ready again', async () => (await look(ctx)).missing.length === 0);
  } catch (error) {
    ctx.signal.throwIfAborted();
    failure ??= `${(error as Error).message}: ${(await look(ctx)).missing.join('; ')}`;
  }
  const readyMs = Math.round(performance.now() - times.givenBackAt);
  return { struckAt, givenBackAt: times.givenBackAt, readyMs, ...(failure === undefined ? {} : { failure }) };
}

const look = ({ stack, credentials }: DrillContext) => observe({ model: stack.placed, credentials });

function strikeOf(
  ctx: DrillContext,
  stack: DrillContext['stack'],
  times: { givenBackAt: number },
  onHarm: () => void,
): Strike {
  const { placed } = stack;
  return {
    stack,
    model: placed,
    look: () => look(ctx),
    find: async (role) => {
      const { nodes } = await look(ctx);
      const named = new Set(nodes.filter((n) => n.role === role && n.state === 'up').map(({ name }) => name));
      const found = placed.nodes.find(({ name }) => named.has(name));
      if (found === undefined) throw new Error(`there is no ${role} now`);
      return found;
    },
    ...ctx.waiting,
    say: ctx.say,
    givingBack: () => {
      times.givenBackAt = performance.now();
    },
    recreate: async () => {
      for (const { name } of placed.nodes) ctx.journal.add({ node: name, how: 'stopped' });
      onHarm();
      await ctx.recreate(() => {
        times.givenBackAt = performance.now();
      });
      for (const { name } of placed.nodes) ctx.journal.drop(name);
    },
  };
}

interface Account {
  readonly scenario: Scenario;
  readonly traffic: Traffic;
  readonly present: ReadonlyMap<string, string | null>;
  readonly blow: Blow;
  readonly evicted: number;
  readonly from: number;
  readonly to: number;
  readonly ctx: DrillContext;
}

function account({ scenario, traffic, present, blow, evicted, from, to, ctx }: Account): ScenarioResult {
  const { acknowledged, reads, groups, givenUp, refusal } = traffic;
  const { struckAt, givenBackAt, readyMs, failure } = blow;
  const lost = lostOf(acknowledged, present);
  const promised = scenario.promised(ctx.circumstances);
  const unread = acknowledged.length - present.size;
  const found = {
    lost,
    unread,
    struckAt,
    givenBackAt,
    readyMs,
    readyWithinMs: scenario.readyWithinMs,
    evicted,
  };
  const faults = [...(failure === undefined ? [] : [failure]), ...broken(promised, found)];
  const oldest = oldestLostMs(lost, struckAt);
  return {
    scenario: scenario.id,
    writeGapMs: longestGapMs(acknowledged, groups, from, to),
    readGapMs: longestGapMs(reads, groups, from, to),
    acknowledged: acknowledged.length,
    lost: lost.length,
    ...(oldest === undefined ? {} : { oldestLostMs: oldest }),
    givenUp,
    readyMs,
    kept: faults.length === 0,
    promised,
    notes: [...faults, ...remarks(found, givenUp, refusal)],
  };
}
