import { setTimeout as sleep } from 'node:timers/promises';
import { longestGapMs, lostOf } from '../../src/local/drill/account.ts';
import { openApplicationClient } from '../../src/local/drill/client.ts';
import { readBack, Traffic } from '../../src/local/drill/traffic.ts';
import type { StackModel } from '../../src/model/types.ts';
import { stackDescription } from '../../src/targets/client/description.ts';
import { until } from './until.ts';

export interface Toll {
  readonly acknowledged: number;
  readonly lost: number;
  /** The longest time without an acknowledged write in any share of the data. */
  readonly gapMs: number;
}

/** Writes and reads through the client of the stack, strikes, waits until writes flow everywhere again, and counts. */
export async function underTraffic(
  model: StackModel,
  env: Readonly<Record<string, string>>,
  strike: () => Promise<unknown>,
): Promise<Toll> {
  const description = stackDescription(model);
  const client = await openApplicationClient(description, model.spec.client.library, { env });
  const run = Math.random().toString(36).slice(2);
  const traffic = new Traffic({ client, keyPrefix: description.keyPrefix, run, rate: 200, waitReplicas: 0 });
  try {
    traffic.begin();
    const flows = async (since: number) =>
      await until(
        'writes flow in every share',
        () =>
          traffic.groups.every(
            (group) => traffic.acknowledged.filter((w) => w.group === group && w.at > since).length > 50,
          ),
        { timeoutMs: 60_000 },
      );
    await flows(0);
    const from = performance.now();
    await strike();
    await flows(performance.now());
    await sleep(500);
    const to = performance.now();
    await traffic.end();
    const present = await readBack(
      client,
      traffic.acknowledged.map(({ key }) => key),
    );
    return {
      acknowledged: traffic.acknowledged.length,
      lost: lostOf(traffic.acknowledged, present).length,
      gapMs: longestGapMs(traffic.acknowledged, traffic.groups, from, to),
    };
  } finally {
    await traffic.end();
    await client.redis.close({ drainMs: 1000 });
  }
}
