import { info, until } from './ask.ts';
import type { Context } from './step.ts';

/** What ran when an earlier run was cut off runs again: a machine may have been restarted since. */
export async function revive(ctx: Context): Promise<void> {
  const { ground, journal } = ctx;
  const { done, begun, facts } = journal.data();
  const isFirstRun = begun === undefined && done.length === 0;
  // Containers come back by themselves, or are started by the step that needs them.
  if (isFirstRun || ground.kind !== 'native') return;
  const hasBegun = (id: string): boolean => done.includes(id) || begun === id;
  const kept = new Set(ground.after.nodes.map(({ name }) => name));
  const isOver = done.includes('switch');
  const old = ground.before.nodes
    .map(({ name }) => name)
    .filter((name) => kept.has(name) || !(isOver || hasBegun('leave')));
  const fresh = [...kept].filter(
    (name) => facts[`began.${name}`] !== undefined || (isOver && facts['copy.to'] === name),
  );
  const all = [...new Set([...old, ...fresh])];
  for (const name of all) if (!(await ground.isRunning(name))) await ground.start(name);
  for (const name of all) await until(ctx, `${name} answers`, ctx.timeoutSeconds, () => hasLoaded(ctx, name));
}

const hasLoaded = (ctx: Context, name: string): Promise<boolean> =>
  ctx.ask(ctx.ground.member(name), async (c) => (await info(c, 'everything')).loading !== '1');
