import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Facts, NodeFacts } from '../../src/doctor/facts.ts';
import { COMMANDS } from '../../src/doctor/look/commands.ts';
import { type ExamineOptions, examine, type Target } from '../../src/doctor/look/index.ts';
import { openReader } from '../../src/doctor/look/reader.ts';
import { dataUsers } from '../../src/model/users.ts';
import { parseFields } from '../../src/redis/replies.ts';
import { CA_CERTIFICATE } from '../../src/workspace/paths.ts';
import { startCluster } from '../support/cluster.ts';
import { engine, engines, newest } from '../support/engines.ts';
import { extremes } from '../support/matrix.ts';
import { startReplicated } from '../support/replicated.ts';
import { startSentinelGroup } from '../support/sentinel-group.ts';
import type { Server } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { loginOf } from './logins.ts';
import { ANYONE, at, connected, ending, model, server } from './look-servers.ts';
import { createStack } from './stack.ts';

const look = (
  servers: readonly Pick<Server, 'port'>[],
  more: Partial<Target> = {},
  options: ExamineOptions = {},
) =>
  examine(
    { asked: 'here', addresses: servers.map(at), credentials: ANYONE, ...more },
    { betweenMs: 1000, ...options },
  );

const only = ({ nodes }: Facts): NodeFacts => {
  expect(nodes).toHaveLength(1);
  return nodes[0] as NodeFacts;
};

const roles = ({ nodes }: Facts) => nodes.map(({ role }) => role).sort();

/** Calls of each command since the server started. */
async function callsOf(of: Server): Promise<ReadonlyMap<string, number>> {
  const fields = Object.entries(parseFields(await of.cli('INFO', 'commandstats')));
  return new Map(
    fields.map(([name, value]) => [name.slice('cmdstat_'.length), Number(/calls=(\d+)/.exec(value)?.[1])]),
  );
}

async function fill(of: Server, keys: number): Promise<void> {
  const script = `for i=1,${keys} do
    redis.call('SET', 'user:'..i..':name', 'name-'..i)
    redis.call('SET', 'session:'..i, string.rep('x', 200), 'EX', 3600)
    redis.call('HSET', 'cart:'..i, 'a', i, 'b', 2)
  end`;
  await of.cli('EVAL', script, '0');
}

describe('the list of commands', () => {
  it.each(engines().map((one) => [`${one.name} ${one.line}`, one] as const))(
    '%s: none of them writes',
    async (_, one) => {
      const reply = await (await connected(await server(one))).call('COMMAND', 'INFO', ...COMMANDS.keys());
      const known = (reply as readonly unknown[]).filter(Array.isArray) as readonly (readonly unknown[])[];
      expect(known.length).toBeGreaterThan(35);
      for (const [name, , flags, , , , categories] of known) {
        expect(flags, String(name)).not.toContain('write');
        expect(flags, String(name)).not.toContain('blocking');
        expect(categories, String(name)).not.toContain('@write');
      }
    },
  );
});

describe('a look at one server', () => {
  it.each(extremes().map((one) => [`${one.name} ${one.line}`, one] as const))(
    '%s: all that was planted, and nothing else is sent',
    async (_, one) => {
      const target = await server(
        one,
        ['slowlog-log-slower-than', '20000'],
        ['latency-monitor-threshold', '20'],
        ['requirepass', 'foobared'],
      );
      const admin = { username: 'default', password: 'foobared' };
      const cli = (...words: readonly string[]) =>
        target.cli('-a', admin.password, '--no-auth-warning', ...words);
      await cli(
        'EVAL',
        "for i=1,2000 do redis.call('SET','user:'..i,i) redis.call('SET','s:'..i,string.rep('x',200),'EX',3600) end",
        '0',
      );
      await cli(
        'EVAL',
        "for i=1,300 do redis.call('HSET','wide','field:'..i,i) redis.call('RPUSH','queue',i) redis.call('SADD','tags','t'..i) redis.call('ZADD','board',i,'m'..i) redis.call('XADD','log','*','f',i) end",
        '0',
      );
      await cli('-n', '3', 'SET', 'other', 'v');
      await cli('DEBUG', 'SLEEP', '0.05').catch(() =>
        cli('EVAL', 'local n=0 for i=1,30000000 do n=n+i end return n', '0'),
      );
      await cli('ACL', 'SETUSER', 'job', 'on', '>a-long-secret-Zx81', '~job:*', '+get');
      const before = await callsOf({ ...target, cli });
      const facts = await look([target], { credentials: admin }, { seconds: 60 });
      const after = await callsOf({ ...target, cli });

      const node = only(facts);
      expect(facts.unseen).toEqual([]);
      expect(node.software).toMatchObject({ name: one.name, version: one.version });
      expect(node.role).toBe('primary');
      expect(node.settings).toMatchObject({ requirepass: '***', 'slowlog-log-slower-than': '20000' });
      expect(node.users?.map(({ name, weak }) => [name, weak])).toEqual([
        ['default', true],
        ['job', false],
      ]);
      expect(node.slow?.length).toBeGreaterThan(0);
      expect(node.latency?.map(({ event }) => event)).toContain('command');
      expect(node.clients).toMatchObject({ connected: 0 });
      expect(node.commands?.find(({ name }) => name === 'set')).toMatchObject({ calls: 4001, perSecond: 0 });
      expect(node.commands?.some(({ name }) => ['scan', 'acl|list', 'memory|usage'].includes(name))).toBe(
        false,
      );
      expect(node.perSecond?.total_commands_processed).toBeLessThan(2);

      const keys = node.keys;
      expect(keys).toMatchObject({ keys: 4006, looked: 4006, complete: true });
      const group = (prefix: string) => keys?.groups.find((one) => one.prefix === prefix);
      expect(group('user:*')).toMatchObject({
        keys: 2000,
        withoutTtl: 2000,
        type: 'string',
      });
      expect(group('s:*')).toMatchObject({ keys: 2000, withoutTtl: 0, elements: 400_000, mostElements: 200 });
      expect(
        keys?.groups
          .filter(({ elements, keys: n }) => n === 1 && elements === 300)
          .map(({ type }) => type)
          .sort(),
      ).toEqual(['hash', 'list', 'set', 'stream', 'zset']);
      expect(keys?.largest.some(({ key, db }) => key === 'other' && db === 3)).toBe(false);
      expect(group('other')).toMatchObject({ keys: 1 });
      if (one.name === 'redis' && one.line !== '7.0')
        expect(keys?.histograms?.find(({ type, db }) => type === 'hash' && db === 0)?.bins).toEqual([
          { from: 256, keys: 1 },
        ]);
      for (const [name, count] of after)
        if (count > (before.get(name) ?? 0) && name !== 'info') expect([...COMMANDS.keys()]).toContain(name);
      expect(await cli('DBSIZE')).toBe('4005');
      expect(JSON.stringify(facts)).not.toContain('foobared');
    },
  );

  it('a sample says its error, and keeps it', async () => {
    const target = await server(newest('redis'));
    await fill(target, 20_000);
    const { keys } = only(await look([target], {}, { keys: 2000 }));
    expect(keys).toMatchObject({ keys: 60_000, complete: false });
    expect(keys?.looked).toBeGreaterThanOrEqual(500);
    const truth = Number(await target.cli('MEMORY', 'USAGE', 'session:77', 'SAMPLES', '0')) * 20_000;
    const group = keys?.groups.find(({ prefix }) => prefix === 'session:*');
    const part = (group?.keys ?? 0) / (keys?.looked ?? 1);
    expect(Math.abs(part - 1 / 3)).toBeLessThan(4 * Math.sqrt(((1 / 3) * (2 / 3)) / (keys?.looked ?? 1)));
    expect(Math.abs(((group?.bytes ?? 0) / (keys?.looked ?? 1)) * 60_000 - truth) / truth).toBeLessThan(0.25);
  });

  it('counters of use are as they were, and tell hot keys', async () => {
    const target = await server(
      newest('valkey'),
      ['maxmemory', '200mb'],
      ['maxmemory-policy', 'allkeys-lfu'],
      ['lfu-decay-time', '0'],
      ['lfu-log-factor', '0'],
    );
    for (let i = 0; i < 20; i++) await target.cli('SET', `k:${i}`, 'v');
    for (let i = 0; i < 30; i++) await target.cli('GET', 'k:7');
    const before = await target.cli('OBJECT', 'FREQ', 'k:3');
    const { keys } = only(await look([target]));
    expect(keys?.hot?.[0]?.key).toBe('k:7');
    expect(keys?.hot).toHaveLength(20);
    expect(await target.cli('OBJECT', 'FREQ', 'k:3')).toBe(before);
  });

  it('clients that wait and listen are told apart', async () => {
    const target = await server();
    const waiting = await connected(target);
    await waiting.call('CLIENT', 'SETNAME', 'worker');
    const blocked = waiting.call('BLPOP', 'queue', '0').catch(() => undefined);
    ending.push(() => blocked);
    const listening = await connected(target);
    await listening.batch([['SSUBSCRIBE', 'news']]).catch(() => undefined);
    const { clients } = only(await look([target]));
    expect(clients).toMatchObject({ connected: 2, subscribed: 1 });
    expect(clients?.blocked).toMatchObject([
      { user: 'default', name: 'worker', host: '127.0.0.1', command: 'blpop' },
    ]);
  });

  it('the user probe of our stacks sees what matters, and which rules it lacks', async () => {
    const target = await server(newest('valkey'));
    const probe = dataUsers(model({ topology: { kind: 'standalone' } }).spec, false).find(
      ({ name }) => name === 'probe',
    );
    await target.cli('ACL', 'SETUSER', 'probe', 'on', '>probe-password', ...(probe?.rules ?? []));
    await target.cli('SET', 'k', 'v');
    const facts = await look([target], { credentials: { username: 'probe', password: 'probe-password' } });
    expect(only(facts)).toMatchObject({
      role: 'primary',
      settings: undefined,
      users: undefined,
      keys: undefined,
    });
    expect(only(facts).commands?.find(({ name }) => name === 'set')?.calls).toBe(1);
    expect(only(facts).perSecond).toBeDefined();
    expect(Object.fromEntries(facts.unseen.map(({ what, allow }) => [what, allow]))).toMatchObject({
      'its settings': '+config|get',
      'its slow log': '+slowlog|get',
      'its latency events': '+latency|latest',
      'its clients': '+client|list',
      'its users': '+acl|list',
      'its keys': expect.stringContaining('+scan'),
    });
    const rules = facts.unseen.flatMap(({ allow = '' }) => allow.split(' '));
    await target.cli('ACL', 'SETUSER', 'probe', ...rules);
    const all = await look([target], { credentials: { username: 'probe', password: 'probe-password' } });
    expect(all.unseen.filter(({ what }) => what !== 'what its keys could save')).toEqual([]);
    expect(only(all).keys).toMatchObject({ keys: 1, looked: 1 });
  });

  it('keys that a user may not touch are left out, and the rest is seen', async () => {
    const target = await server();
    await target.cli('MSET', 'a:1', 'v', 'b:1', 'v');
    await target.cli('ACL', 'SETUSER', 'part', 'on', '>pw', '~a:*', '+@all');
    const facts = await look([target], { credentials: { username: 'part', password: 'pw' } });
    expect(only(facts).keys).toMatchObject({ keys: 2, looked: 1, complete: false });
    expect(facts.unseen).toMatchObject([{ what: 'some of its keys', allow: expect.stringContaining('~*') }]);
  });

  it('hidden commands, as managed services have it, leave gaps and no more', async () => {
    const hiding = ['CONFIG', 'ACL', 'SLOWLOG', 'CLIENT', 'MEMORY'].map((name) => [
      'rename-command',
      name,
      '',
    ]);
    const target = await server(engine('redis', '7.0'), ...hiding);
    await target.cli('SET', 'k', 'v');
    const facts = await look([target]);
    expect(only(facts)).toMatchObject({
      settings: undefined,
      slow: undefined,
      clients: undefined,
      users: undefined,
    });
    expect(only(facts).keys).toMatchObject({ keys: 1, looked: 1 });
    expect(facts.unseen.map(({ what }) => what)).toEqual([
      'its slow log',
      'its settings',
      'its clients',
      'its users',
      'some of its keys',
    ]);
    for (const { why, allow } of facts.unseen) {
      expect(why).toMatch(/^it does not know this command/);
      expect(allow).toBeUndefined();
    }
  });

  it('refuses to send anything else', async () => {
    const reader = await openReader(at(await server()), ANYONE, 1000);
    ending.push(() => reader.close());
    await expect(reader.ask('x', 'KEYS', '*')).rejects.toThrow('may not send');
    await expect(reader.attempt('SET', 'k', 'v')).rejects.toThrow('may not send');
    await expect(reader.batch([['PING'], ['FLUSHALL']])).rejects.toThrow('may not send');
    expect([...reader.sent]).toEqual([]);
  });

  it('a replica without its primary is seen by itself', async () => {
    const group = await startReplicated({ engine: newest('redis'), replicas: 1 });
    ending.push(() => group.stop());
    const primary = await group.primary();
    await primary.cli('SET', 'k', 'v');
    const [replica] = await group.replicas();
    await primary.kill();
    const facts = await look([replica as Server]);
    expect(only(facts)).toMatchObject({ role: 'replica', keys: { keys: 1, looked: 1 } });
    expect(facts.silent).toMatchObject([
      { at: `127.0.0.1:${primary.port}`, why: expect.stringContaining('ECONNREFUSED') },
    ]);
  });
});

describe('a look at many', () => {
  it('a replica leads to its primary and that to the others, and a replica is asked for keys', async () => {
    const group = await startReplicated({ engine: newest('redis'), replicas: 2 });
    ending.push(() => group.stop());
    const primary = await group.primary();
    await fill(primary, 100);
    await until('all is copied', async () =>
      (await Promise.all(group.nodes.map((one) => one.cli('DBSIZE')))).every((n) => n === '300'),
    );
    const facts = await look([(await group.replicas())[0] as Server]);
    expect(roles(facts)).toEqual(['primary', 'replica', 'replica']);
    const first = facts.nodes.find(({ role }) => role === 'primary');
    expect(first?.at.port).toBe(primary.port);
    expect(first?.keys).toMatchObject({ keys: 300, looked: 300, complete: true });
    expect(facts.nodes.filter(({ role }) => role === 'replica').map(({ name }) => name)).toContain(
      first?.keys?.sampledAt,
    );
    expect(facts.nodes.filter(({ keys }) => keys !== undefined)).toHaveLength(1);
    expect((await callsOf(primary)).get('scan')).toBeUndefined();
  });

  it('one Sentinel leads to everybody, by the same or by other logins', async () => {
    const auth = { password: 'of-the-data' };
    const group = await startSentinelGroup({ engine: newest('valkey'), replicas: 2, sentinels: 3, auth });
    ending.push(() => group.stop());
    const facts = await look([group.sentinels[0] as Server], {
      credentials: { username: 'default', ...auth },
    });
    expect(roles(facts)).toEqual(['primary', 'replica', 'replica']);
    expect(facts.silent).toEqual([]);
    const ports = facts.sentinels.map((one) => one.at.port).sort();
    expect(ports).toEqual(group.sentinels.map(({ port }) => port).sort());
    for (const one of facts.sentinels) {
      expect(one).toMatchObject({
        primaryName: 'main',
        quorum: 2,
        quorumOk: true,
        downAfterMs: 1000,
        open: true,
        flags: ['master'],
      });
      expect(one.primary.port).toBe((await group.primary()).port);
      expect([one.replicas.length, one.others.length]).toEqual([2, 2]);
    }
    await group.sentinels[2]?.kill();
    const less = await look([await group.primary()], {
      credentials: { username: 'default', ...auth },
      addresses: group.sentinels.slice(0, 1).map(at),
    });
    expect(less.silent.map(({ at: where }) => where)).toEqual([`127.0.0.1:${group.sentinels[2]?.port}`]);
  });

  it('one node of a cluster leads to all, with slots and keys of each shard', async () => {
    const cluster = await startCluster({ engine: newest('redis'), shards: 3, replicas: 1 });
    ending.push(() => cluster.stop());
    const script = 'for i=1,ARGV[1] do redis.call("SET", KEYS[1]..i, i) end';
    for (const tag of ['a', 'b', 'c']) {
      const primary = await cluster.primary(`{${tag}}`);
      await primary
        .cli('EVAL', script.replace('KEYS[1]..i', `'{${tag}}:'..i`), '0', '400')
        .catch(() => primary.cli('SET', `{${tag}}:1`, '1'));
    }
    await sleep(500);
    const facts = await look([cluster.nodes[4] as Server], {}, { keys: 200 });
    expect(roles(facts)).toEqual(['primary', 'primary', 'primary', 'replica', 'replica', 'replica']);
    for (const { cluster: view } of facts.nodes) {
      expect(view?.info.cluster_state).toBe('ok');
      expect(view?.nodes.reduce((sum, { slots }) => sum + slots, 0)).toBe(16_384);
    }
    const samples = facts.nodes.flatMap(({ keys }) => keys ?? []);
    expect(samples).toHaveLength(3);
    expect(facts.unseen).toEqual([]);
    for (const { keys, looked } of samples) expect(looked).toBe(Math.min(keys, 200));
  });

  it('a stack of ours with TLS: names of its nodes, and as probe', async () => {
    const stack = await createStack(newest('valkey'), '--tls', '--topology', 'sentinel');
    ending.push(() => stack.dispose());
    await stack.up();
    const { nodes } = await stack.status();
    const placed = nodes.map(({ name, host, port }) => ({
      name,
      dial: { host, port },
      announced: [{ host, port }],
    }));
    const tls = { ca: readFileSync(join(stack.dir, CA_CERTIFICATE), 'utf8') };
    const target = (user: string) => ({
      asked: 'shop',
      addresses: placed.map(({ dial }) => dial),
      placed,
      credentials: { ...loginOf(stack, user), tls },
    });
    const facts = await examine(target('admin'));
    expect(facts).toMatchObject({ unseen: [], silent: [] });
    expect(facts.nodes.map(({ name }) => name).sort()).toEqual(
      nodes
        .filter(({ role }) => role !== 'sentinel')
        .map(({ name, host, port }) => `${name} (${host}:${port})`)
        .sort(),
    );
    expect(facts.nodes.every((node) => node.tls && node.settings?.['tls-port'] !== '0')).toBe(true);
    expect(facts.sentinels).toHaveLength(3);
    expect(facts.sentinels.every(({ open, quorumOk }) => open === false && quorumOk)).toBe(true);
    const asProbe = await examine(target('probe'));
    expect(roles(asProbe)).toEqual(roles(facts));
    expect(asProbe.unseen.map(({ allow }) => allow)).toContain('+sentinel|masters');
    const plain = await examine({ ...target('admin'), credentials: loginOf(stack, 'admin') }).catch(
      (error: Error) => error,
    );
    expect(plain).toMatchObject({
      problems: [{ code: 'doctor/no-answer', remedy: expect.stringContaining('rediss://') }],
    });
  });
});
