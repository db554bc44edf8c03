import { describe, expect, it } from 'vitest';
import { CHECKLIST } from '../src/doctor/checklist/index.ts';
import type { Facts, NodeFacts } from '../src/doctor/facts.ts';
import { factsOfSpec } from '../src/doctor/spec-facts.ts';
import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { factsOf } from './support/doctor-cases.ts';

const modelOf = (spec: SpecInput) =>
  buildModel(expectValue(parseSpec({ name: 'shop', ...spec }, 'shop')).spec);

const answersOf = (facts: Facts): Readonly<Record<string, string>> =>
  Object.fromEntries(CHECKLIST.map(({ id, answer }) => [id, answer(facts).answer]));

const healthy = factsOf();
const [primary, replica] = healthy.nodes as readonly [NodeFacts, NodeFacts];
const alone: Facts = { ...healthy, nodes: [primary], sentinels: [] };

describe('the checklist', () => {
  it('has eight points with a reason each', () => {
    expect(CHECKLIST).toHaveLength(8);
    for (const { question, why } of CHECKLIST) {
      expect(question).toMatch(/\?$/);
      expect(why.length).toBeGreaterThan(30);
    }
  });

  it('gives evidence with every answer', () => {
    for (const facts of [healthy, alone, factsOfSpec(modelOf({}))])
      for (const { id, answer } of CHECKLIST) expect(answer(facts).evidence, id).not.toEqual([]);
  });

  it('answers nothing where nothing was seen', () => {
    const bare = { at: primary.at, name: primary.name, tls: false } as NodeFacts;
    const facts: Facts = { ...healthy, nodes: [bare], sentinels: [] };
    expect(new Set(Object.values(answersOf(facts)))).toEqual(new Set(['unseen']));
  });
});

describe('high availability', () => {
  const answer = (facts: Facts) => answersOf(facts)['high-availability'];

  it('no: one node, or Sentinels without a replica in touch', () => {
    const nobody = { ...primary, info: { ...primary.info, connected_slaves: '0' } };
    expect(answer({ ...alone, nodes: [nobody] })).toBe('no');
    const sentinels = healthy.sentinels.map((one) => ({ ...one, replicas: [] }));
    expect(answer({ ...healthy, nodes: [nobody], sentinels })).toBe('no');
  });

  it('no: Sentinels that cannot agree', () => {
    const sentinels = healthy.sentinels.map((one) => ({ ...one, quorumOk: false }));
    expect(answer({ ...healthy, sentinels })).toBe('no');
    expect(answer({ ...healthy, sentinels: healthy.sentinels.slice(0, 1) })).toBe('no');
  });

  it('unseen: a replica follows, and Sentinels are not known', () => {
    expect(answer({ ...healthy, sentinels: [] })).toBe('unseen');
    expect(answer({ ...healthy, nodes: [replica], sentinels: [] })).toBe('unseen');
  });

  it.each([
    [{ topology: { kind: 'standalone' } }, 'no'],
    [{ topology: { kind: 'sentinel' } }, 'yes'],
    [{ topology: { kind: 'cluster', replicas: 1 } }, 'yes'],
    [{ topology: { kind: 'cluster', replicas: 0 } }, 'no'],
  ] as const)('of a spec: %j: %s', (spec, expected) => {
    expect(answer(factsOfSpec(modelOf(spec as SpecInput)))).toBe(expected);
  });
});

describe('what only the stack or the policy can say', () => {
  it.each([
    ['of a cache', { workload: ['cache'] }, 'yes'],
    ['scheduled', { workload: ['primary-data'], backup: {} }, 'yes'],
    ['not scheduled', { workload: ['primary-data'] }, 'no'],
  ] as const)('backups: %s', (_, spec, expected) => {
    expect(answersOf(factsOfSpec(modelOf(spec as unknown as SpecInput))).backups).toBe(expected);
  });

  it.each([
    ['allkeys-lru', 'yes', 'yes'],
    ['volatile-lru', 'yes', 'unseen'],
    ['volatile-lru', 'no', 'yes'],
    ['noeviction', 'no', 'no'],
  ])('backups under %s with appendonly %s and no snapshots: %s', (policy, appendonly, expected) => {
    const settings = { ...primary.settings, 'maxmemory-policy': policy, appendonly, save: '' };
    expect(answersOf({ ...alone, nodes: [{ ...primary, settings }] }).backups).toBe(expected);
  });

  it('monitoring: wanted in the spec', () => {
    const of = (targets: SpecInput['targets']) => answersOf(factsOfSpec(modelOf({ targets }))).monitoring;
    expect([of(['compose', 'monitoring']), of(['compose'])]).toEqual(['yes', 'no']);
  });

  it('monitoring: an exporter that is named, and INFO that anybody may ask for', () => {
    const asked = (name: string, calls: number) => ({
      ...primary,
      commands: [{ name, calls, usec: 1, rejected: 0, failed: 0, perSecond: 0, p99Usec: 1 }],
    });
    expect(answersOf({ ...alone, nodes: [asked('info', 90_000)] }).monitoring).toBe('unseen');
    expect(answersOf({ ...alone, nodes: [asked('info', 90)] }).monitoring).toBe('no');
    const group = { user: 'exporter', host: '10.0.1.9', name: '', library: '', count: 1 };
    const clients = primary.clients && { ...primary.clients, groups: [group] };
    expect(answersOf({ ...alone, nodes: [{ ...asked('info', 90), clients }] }).monitoring).toBe('yes');
  });
});
