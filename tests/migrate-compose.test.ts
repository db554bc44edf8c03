import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { besideFile, handleFile, portIn } from '../src/migrate/ground/compose-files.ts';
import { composeProblems } from '../src/migrate/ground/compose-problems.ts';
import { buildModel } from '../src/model/build.ts';
import type { StackModel } from '../src/model/types.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { realFiles } from '../src/system.ts';

const modelOf = (topology: object, more: object = {}): StackModel =>
  buildModel(
    expectValue(parseSpec({ name: 'shop', workload: ['primary-data'], topology, ...more }, 'shop')).spec,
  );

const cluster = (shards: number, replicas: number, more?: object) =>
  modelOf({ kind: 'cluster', shards, replicas }, more);
const sentinel = (replicas: number, sentinels: number) => modelOf({ kind: 'sentinel', replicas, sentinels });
const standalone = (more?: object) => modelOf({ kind: 'standalone' }, more);

const codes = (before: StackModel | undefined, after: StackModel) =>
  composeProblems(before, after).map(({ code }) => code);

describe('two stacks side by side', () => {
  const lastNumbers = ({ nodes }: StackModel) => nodes.map(({ ip }) => Number(ip.split('.')[3]));

  it.each([
    ['the largest cluster', cluster(48, 4)],
    ['the largest Sentinel group', sentinel(4, 9)],
    ['one node', standalone()],
  ])('%s has an address for each node that no gateway and no broadcast has', (_, model) => {
    const numbers = lastNumbers(model);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.min(...numbers)).toBeGreaterThan(10);
    expect(Math.max(...numbers)).toBeLessThan(255);
  });

  it('38 shards with all their replicas share no address with the largest Sentinel group; one more does', () => {
    expect(codes(sentinel(4, 9), cluster(38, 4))).toEqual([]);
    expect(codes(cluster(38, 4), sentinel(4, 9))).toEqual([]);
    expect(codes(standalone(), cluster(38, 4))).toEqual([]);
    expect(codes(sentinel(4, 9), cluster(39, 4))).toEqual(['compose/addresses-meet']);
  });

  it('a cluster that grows meets nobody: its nodes keep their addresses', () => {
    expect(codes(cluster(3, 1), cluster(48, 4))).toEqual([]);
  });

  it('another name or subnet is another network', () => {
    const network = { network: { subnet: '10.99.1.0/24' } };
    expect(codes(standalone(), cluster(3, 1, network))).toEqual(['compose/subnet-changed']);
    expect(codes(standalone(), cluster(3, 1, { name: 'other' }))).toContain('compose/name-changed');
  });

  it('a new node that would lose all by a restart is refused, one that stays is not', () => {
    const forgetful = { persistence: { mode: 'none' }, workload: ['cache'] };
    expect(codes(cluster(3, 1), standalone(forgetful))).toEqual(['compose/forgetful']);
    expect(codes(undefined, standalone(forgetful))).toEqual(['compose/forgetful']);
    expect(codes(sentinel(1, 3), standalone(forgetful))).toEqual([]);
    expect(codes(cluster(3, 1), standalone())).toEqual([]);
  });
});

describe('the file of a node beside the old stack', () => {
  const after = sentinel(1, 3);
  const node = after.nodes.find(({ name }) => name === 'sentinel-1') ?? expect.fail();
  const text = besideFile(realFiles, after, {
    ...{ node, port: 21_000, network: 'shop_stack', conf: 'there/conf', image: 'mirror/redis:8' },
    env: { STACK_ADOPT: '10.0.0.1:6379', STACK_ADOPT_CA: import.meta.filename },
  });
  const { services, networks, volumes, secrets } = parse(text);

  it('is the node of the final file, reached and told otherwise, and it never comes back by itself', () => {
    expect(Object.keys(services)).toEqual(['sentinel-1']);
    const service = services['sentinel-1'] as Record<string, unknown>;
    expect(service).toMatchObject({
      image: 'mirror/redis:8',
      restart: 'no',
      ports: [`127.0.0.1:21000:${node.port}`],
      networks: { stack: { ipv4_address: node.ip } },
      environment: {
        STACK_ADDRESS: node.ip,
        STACK_ADOPT: '10.0.0.1:6379',
        STACK_ADOPT_CA: '/run/given/STACK_ADOPT_CA',
      },
    });
    expect(service.depends_on).toBeUndefined();
    expect(service.volumes).toEqual([
      './there/conf:/stack:ro',
      'sentinel-1:/data',
      { type: 'bind', source: import.meta.filename, target: '/run/given/STACK_ADOPT_CA', read_only: true },
    ]);
    expect(networks).toEqual({ stack: { external: true, name: 'shop_stack' } });
    expect(Object.keys(volumes)).toEqual(['sentinel-1']);
    expect(Object.keys(secrets).sort()).toEqual([...(service.secrets as string[])].sort());
  });

  it('tells its port again', () => {
    expect(portIn(text, 'sentinel-1')).toBe(21_000);
    expect(portIn(text, 'sentinel-2')).toBeUndefined();
    expect(portIn(undefined, 'sentinel-1')).toBeUndefined();
  });

  it('a handle on a node has no network and no secret, and none of its volume where it is not of the new stack', () => {
    const own = parse(handleFile(after, 'redis:8', 'sentinel-1'));
    expect(own.services['sentinel-1']).toMatchObject({ network_mode: 'none', volumes: ['sentinel-1:/data'] });
    expect(own.secrets).toBeUndefined();
    expect(parse(handleFile(after, 'redis:8', 'shard-1-1'))).toEqual({
      name: 'shop',
      services: { 'shard-1-1': { image: 'redis:8' } },
    });
  });
});
