import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../src/doctor/diagnose.ts';
import { factsOfSpec } from '../src/doctor/spec-facts.ts';
import type { Finding } from '../src/doctor/types.ts';
import { holesOf } from '../src/engines/holes.ts';
import { FAMILIES } from '../src/engines/releases.ts';
import { isOver, READ_AT_SECONDS, supportOf } from '../src/engines/support.ts';
import { buildModel } from '../src/model/build.ts';
import type { StackModel } from '../src/model/types.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { PERSISTENCE_MODES, TOPOLOGY_KINDS, WORKLOADS } from '../src/spec/types.ts';
import { runCommand } from './support/run-command.ts';
import { anySpec } from './support/specs.ts';

/** Undefined where the rules of the spec refuse it. */
function modelOf(input: SpecInput): StackModel | undefined {
  const parsed = parseSpec({ name: 'shop', ...input }, 'shop');
  return parsed.ok ? buildModel(parsed.value.spec) : undefined;
}

/** Errors and warnings. */
const bad = (model: StackModel): readonly Finding[] =>
  diagnose(factsOfSpec(model)).findings.filter(({ severity }) => severity !== 'note');

/** Large clusters say no more than small ones, and take their time. */
const smallSpec = anySpec.map((input): SpecInput => {
  const { topology } = input;
  if (topology?.kind !== 'cluster' || topology.shards === undefined) return input;
  return { ...input, topology: { ...topology, shards: Math.min(topology.shards, 5) } };
});

const lines = (findings: readonly Finding[]) =>
  findings.map(({ id, at, message }) => `${id} ${at}: ${message}`);
const ids = (input: SpecInput) => new Set(bad(modelOf(input) as StackModel).map(({ id }) => id));

const OF_RELEASES = ['release-known-holes', 'release-out-of-support'];

/** Lines that are fixed, and have no hole that stays open. */
const goodEngines = (Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]).flatMap((name) =>
  FAMILIES[name].lines
    .filter((version) => {
      const support = supportOf(name, version);
      return support && !isOver(support, READ_AT_SECONDS) && holesOf(name, version).length === 0;
    })
    .map((version) => ({ name, version })),
);

const DEFAULTS = TOPOLOGY_KINDS.flatMap((kind) => WORKLOADS.map((workload) => ({ kind, workload })));

describe('a stack of default answers', () => {
  it('exists on most release lines', () => {
    expect(goodEngines.length).toBeGreaterThanOrEqual(8);
  });

  it('is of a line that is fixed, and has no hole that stays open', () => {
    for (const name of ['redis', 'valkey'] as const) {
      expect(goodEngines).toContainEqual({ name, version: FAMILIES[name].defaultLine });
      expect(ids({ engine: { name } })).toEqual(new Set());
    }
  });

  it.each(DEFAULTS)(
    '$workload on $kind: no error and no warning on a line that is fixed',
    ({ kind, workload }) => {
      for (const engine of goodEngines) {
        const model = modelOf({ engine, workload: [workload], topology: { kind } });
        expect(lines(bad(model as StackModel))).toEqual([]);
      }
    },
  );

  it('has with TLS, other users, backup and monitoring no more to be said', () => {
    const model = modelOf({
      engine: { name: 'valkey', version: '8.1' },
      workload: ['primary-data', 'cache'],
      topology: { kind: 'sentinel' },
      backup: { every: '6h' },
      security: {
        tls: true,
        users: [
          { name: 'reports', access: 'readonly' },
          { name: 'jobs', keys: ['jobs:*'] },
        ],
      },
      targets: ['compose', 'client', 'monitoring'],
    });
    expect(lines(bad(model as StackModel))).toEqual([]);
  });

  it('has on lines that ended the warnings of releases alone', () => {
    for (const version of ['7.0', '8.0']) {
      expect(ids({ engine: { name: 'redis', version } })).toEqual(new Set(OF_RELEASES));
    }
  });
});

describe('specs that are accepted and not good', () => {
  it.each([
    ['dangerous-commands', { security: { users: [{ name: 'jobs', allow: ['flushall'] }] } }],
    ['dangerous-commands', { security: { allow: ['config'] } }],
  ] satisfies readonly (readonly [string, SpecInput])[])('%s', (id, input) => {
    expect([...ids({ engine: { name: 'valkey', version: '8.1' }, ...input })]).toContain(id);
  });

  it('says what to change in the spec', () => {
    const model = modelOf({ security: { users: [{ name: 'jobs', allow: ['keys', 'flushall'] }] } });
    const found = bad(model as StackModel).find(({ id }) => id === 'dangerous-commands');
    expect(found?.fixes).toEqual([
      {
        kind: 'spec',
        path: 'security.users.0.allow',
        value: '[]',
        effect: 'The user jobs may no longer call FLUSHALL and KEYS.',
      },
    ]);
  });
});

describe('facts of a spec', () => {
  const cluster = factsOfSpec(
    modelOf({ topology: { kind: 'cluster', shards: 5, replicas: 1 } }) as StackModel,
  );
  const group = factsOfSpec(modelOf({ topology: { kind: 'sentinel' }, workload: ['queue'] }) as StackModel);

  it('a cluster covers its slots, and each node knows itself', () => {
    for (const { name, cluster: seen } of cluster.nodes) {
      expect(seen?.nodes.reduce((sum, { slots }) => sum + slots, 0)).toBe(16_384);
      expect(seen?.nodes.filter(({ flags }) => flags.includes('myself')).map(({ id }) => id)).toEqual([name]);
    }
  });

  it('Sentinels watch the primary and know everybody else', () => {
    const [primary] = group.nodes;
    expect(group.sentinels).toHaveLength(3);
    for (const { primary: watched, replicas, others, quorum, downAfterMs } of group.sentinels) {
      expect(watched).toEqual(primary?.at);
      expect([replicas.length, others.length, quorum, downAfterMs]).toEqual([2, 2, 2, 5000]);
    }
  });

  it('settings are those of the files, without quotes', () => {
    expect(group.nodes[0]?.settings).toMatchObject({
      save: '',
      appendonly: 'yes',
      masteruser: 'replication',
    });
  });

  it('any spec can be judged, and the same one twice alike', () => {
    fc.assert(
      fc.property(smallSpec, (input) => {
        const model = modelOf(input);
        if (!model) return;
        const found = diagnose(factsOfSpec(model)).findings;
        expect(diagnose(factsOfSpec(model)).findings).toEqual(found);
      }),
      { numRuns: 200 },
    );
  });

  it('a random spec without dangerous wishes, on a line that is fixed, has no error', () => {
    fc.assert(
      fc.property(smallSpec, fc.constantFrom(...goodEngines), (input, engine) => {
        const { allow: _, ...security } = input.security ?? {};
        const model = modelOf({ ...input, engine, security });
        if (!model || model.spec.accept.length > 0) return;
        expect(lines(bad(model).filter(({ severity }) => severity === 'error'))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('check', () => {
  it('has the rules as one of its checks: warnings are shown and are no failure', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'doctor-spec-'));
    try {
      await runCommand(cwd, ['shop', '--yes', '--engine', 'valkey']);
      const spec = join(cwd, 'shop/redis-stack.yaml');
      writeFileSync(spec, readFileSync(spec, 'utf8').replace(/^security:$/m, 'security:\n  allow: [config]'));
      const { code, out } = await runCommand(cwd, ['check', 'shop', '--only', 'doctor', '--json']);
      const { checks } = JSON.parse(out) as { checks: { status: string; findings: { code: string }[] }[] };
      expect(code).toBe(0);
      expect(checks).toMatchObject([{ status: 'ok', findings: [{ code: 'doctor/dangerous-commands' }] }]);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});

describe('every persistence', () => {
  it.each(PERSISTENCE_MODES)('%s suits a cache of one node', (mode) => {
    const model = modelOf({
      engine: { name: 'valkey', version: '8.1' },
      workload: ['cache'],
      topology: { kind: 'standalone' },
      persistence: { mode },
    });
    // The spec itself warns of a log under a cache.
    const found = lines(bad(model as StackModel).filter(({ group: of }) => of !== 'durability'));
    expect(found).toEqual([]);
  });
});
