import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newest } from '../engines.ts';
import { until } from '../until.ts';
import { type Judge, startJudge } from './judge.ts';
import { KEY_PREFIX, openStage, type Stage } from './stage.ts';
import { verify } from './verdict.ts';

describe('applications of a stack whose primary dies', () => {
  let stage: Stage;
  const judges = new Map<string, Judge>();
  const prefixOf = (name: string) => `${KEY_PREFIX}${name}:`;
  beforeAll(async () => {
    stage = await openStage(newest('redis'), '--topology', 'sentinel', '--workload', 'primary-data');
    const targets = [await stage.emitted(), await stage.plain('ioredis'), await stage.plain('node-redis')];
    for (const target of targets)
      judges.set(target.driver, await startJudge({ target, keyPrefix: prefixOf(target.driver), rate: 100 }));
    await Promise.all([...judges.values()].map((judge) => judge.flows(100)));
    const primary = (await stage.stack.status()).nodes.find(({ role }) => role === 'primary');
    await stage.stack.signal(primary?.name ?? '');
    await Promise.all([...judges.values()].map((judge) => judge.flows(100, 60_000)));
    await stage.stack.up();
    await until('all nodes serve', async () => (await stage.stack.status()).ready);
  });
  afterAll(async () => {
    for (const judge of judges.values()) judge.dispose();
    await stage.dispose();
  });

  it.each(['emitted', 'ioredis', 'node-redis'])('%s: no acknowledged write is lost', async (driver) => {
    const judge = judges.get(driver);
    if (judge === undefined) throw new Error(`no judge with ${driver}`);
    const { account, ledger } = await judge.stop();
    const verdict = await verify(ledger, prefixOf(driver), await stage.dataNodes(), stage.admin);
    expect(verdict.flaws).toEqual([]);
    expect(verdict.looked.unique).toBeGreaterThan(100);
    // Nobody could have written until another primary was elected.
    expect(account.gaps[0]?.ms).toBeGreaterThan(1000);
  });
});
