import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evictionPolicies } from '../src/engines/catalogue.ts';
import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { completeSpec } from '../src/spec/complete.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { patternChoices } from '../src/spec/question-choices.ts';
import { PATTERNS, type Pattern, TOPOLOGY_KINDS, WORKLOADS, type Workload } from '../src/spec/types.ts';
import { barrel } from '../src/targets/client/barrel.ts';
import { errorRows, REMEDIES } from '../src/targets/client/errors.ts';
import { PATTERN_FACTS, PATTERN_GROUPS, type PatternFacts } from '../src/targets/client/patterns.ts';
import { clientReadmeView } from '../src/targets/client/readme.ts';
import { clientFiles } from '../src/targets/client/sources.ts';
import { emittedClient } from './support/emitted-client.ts';

const client = new URL('../templates/client/', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, client), 'utf8');
const specOf = (input: object) => expectValue(parseSpec(input, 'shop')).spec;

/** Every choice of workloads but the empty one. */
const workloads: readonly (readonly Workload[])[] = Array.from(
  { length: 2 ** WORKLOADS.length - 1 },
  (_, i) => WORKLOADS.filter((_, bit) => ((i + 1) >> bit) % 2 === 1),
);

describe('the registry of patterns', () => {
  it('gives the barrel of the template, so that all patterns are compiled together', () => {
    expect(textOf('src/index.ts')).toBe(barrel(PATTERNS));
  });

  it('has an example for each pattern, and there is none for another', () => {
    const examples = readdirSync(new URL('examples/', client)).filter((name) => name.endsWith('.ts'));
    expect(examples.sort()).toEqual([...PATTERNS, 'connect', 'observe'].map((name) => `${name}.ts`).sort());
  });

  it.each(PATTERNS)('says of %s what can be read in a list and in a sentence', (pattern) => {
    const { meaning, limits, severalKeys, group }: PatternFacts = PATTERN_FACTS[pattern];
    expect(PATTERN_GROUPS).toContain(group);
    // A choice takes one line of a terminal of 110 columns.
    expect(`  ◯ ${pattern} – ${meaning}`.length).toBeLessThan(110);
    expect(meaning).not.toMatch(/\.$/);
    expect(limits).toMatch(/\.$/);
    expect(severalKeys).toMatch(/\.$/);
  });

  // BullMQ has no definitions of ours, and servers for tests need none; their examples connect when they are loaded.
  const defining = PATTERNS.filter((pattern) => pattern !== 'jobs' && pattern !== 'testing');

  it.each(defining)('knows what the example of %s needs to be kept', async (pattern) => {
    const { keyspaces } = (await import(`../templates/client/examples/${pattern}.ts`)) as {
      keyspaces: Readonly<Record<string, { readonly mustStay?: 'lasting' | 'expiring' }>>;
    };
    const { mustStay }: PatternFacts = PATTERN_FACTS[pattern];
    const needed = Object.values(keyspaces).flatMap((one) => one.mustStay ?? []);
    expect([...new Set(needed)]).toEqual(mustStay === undefined ? [] : [mustStay]);
  });
});

describe('patterns and eviction', () => {
  it.each(workloads.map((workload) => ({ workload })))(
    'the defaults of $workload go together',
    ({ workload }) => {
      const { spec } = completeSpec({ workload: [...workload] }, 'shop');
      expect(spec.client.patterns.length).toBeGreaterThan(0);
      expect(parseSpec({ workload }, 'shop').ok).toBe(true);
    },
  );

  it('defaults give way to a policy that was asked for', () => {
    const accept = ['memory/evicts-what-must-stay'];
    for (const workload of workloads)
      for (const eviction of evictionPolicies({ name: 'redis', version: '8.0' })) {
        const parsed = parseSpec({ workload, memory: { eviction }, accept }, 'shop');
        expect(parsed.ok, `${workload} ${eviction}`).toBe(true);
      }
  });

  it('a policy that was not asked for gives way to patterns that were', () => {
    for (const kind of TOPOLOGY_KINDS)
      for (const workload of workloads)
        for (const patterns of [...PATTERNS.map((p) => [p]), ['all']])
          expect(parseSpec({ workload, topology: { kind }, client: { patterns } }, 'shop').ok).toBe(true);
    expect(specOf({ client: { patterns: ['queues'] } }).memory.eviction).toBe('volatile-lru');
    expect(specOf({ client: { patterns: ['queues', 'locks'] } }).memory.eviction).toBe('noeviction');
    expect(specOf({ client: { patterns: ['records'] } }).memory.eviction).toBe('allkeys-lfu');
  });

  it.each([
    ['queues', 'allkeys-lru', false],
    ['queues', 'volatile-lru', true],
    ['write-behind', 'allkeys-lfu', false],
    ['streams', 'volatile-ttl', true],
    ['locks', 'volatile-lru', false],
    ['jobs', 'volatile-lru', false],
    ['jobs', 'noeviction', true],
    ['sessions', 'allkeys-lru', true],
  ] as const)('%s under %s: %s', (pattern, eviction, fits) => {
    const parsed = parseSpec({ client: { patterns: [pattern] }, memory: { eviction } }, 'shop');
    expect(parsed.ok).toBe(fits);
    if (!parsed.ok) expect(parsed.problems.map((p) => p.code)).toEqual(['client/pattern-evicted']);
  });

  it('are no matter for a stack without a client', () => {
    const input = { client: { patterns: ['queues'] }, memory: { eviction: 'allkeys-lru' }, targets: [] };
    expect(parseSpec(input, 'shop').ok).toBe(true);
  });
});

describe('the question', () => {
  const choicesFor = (input: object) =>
    patternChoices(specOf(input)).flatMap((choice) => ('value' in choice ? [choice] : []));

  it('lists every pattern once', () => {
    expect(
      choicesFor({})
        .map(({ value }) => value)
        .sort(),
    ).toEqual([...PATTERNS].sort());
  });

  it('has the defaults of the workload picked', () => {
    const picked = choicesFor({ workload: ['queue', 'sessions'] }).filter(({ checked }) => checked);
    expect(picked.map(({ value }) => value).sort()).toEqual(['queues', 'sessions', 'streams']);
  });

  it('shows what the policy would drop, and why it cannot be picked', () => {
    const off = choicesFor({ memory: { eviction: 'volatile-lru' } }).filter(({ disabled }) => disabled);
    expect(off.map(({ value }) => value).sort()).toEqual(['jobs', 'locks']);
    expect(off[0]?.disabled).toContain('volatile-lru');
  });
});

describe('the README of the client', () => {
  const viewOf = (patterns: readonly Pattern[]) => {
    const model = buildModel(specOf({ client: { patterns } }));
    return clientReadmeView(model, clientFiles(model));
  };

  it('names every variable that the client reads', () => {
    const read = textOf('src/environment.ts').match(/REDIS_[A-Z_]+/g) ?? [];
    const model = buildModel(specOf({ topology: { kind: 'sentinel' } }));
    const { environment } = clientReadmeView(model, clientFiles(model));
    expect(environment.map(({ name }) => name).sort()).toEqual(
      [...new Set(read), 'REDIS_APP_PASSWORD'].sort(),
    );
  });

  it('knows the meaning of every error and what to do about it', () => {
    const codes = Object.keys(REMEDIES).sort();
    const all = errorRows({
      'src/errors.ts': textOf('src/errors.ts'),
      'src/all.ts': `'${codes.join("' '")}'`,
    });
    expect(all.map(({ code }) => code).sort()).toEqual(codes);
    expect(textOf('src/errors.ts').match(/\| '/g)?.length).toBe(codes.length);
  });

  it('lists the errors that the patterns can throw and no others', () => {
    const codes = (patterns: readonly Pattern[]) => viewOf(patterns).errors.map(({ code }) => code);
    expect(codes(['cache-aside'])).toContain('redis/load-timeout');
    expect(codes(['cache-aside'])).not.toContain('redis/locked');
    expect(codes(['locks'])).toContain('redis/locked');
    expect(codes(['locks'])).not.toContain('redis/load-timeout');
  });

  it.each(PATTERNS)('shows the example of %s as an application would write it', (pattern) => {
    const text = emittedClient({ client: { patterns: [pattern] } })['README.md'] ?? '';
    expect(text).toContain(`### ${PATTERN_FACTS[pattern].title}`);
    expect(text).toContain("from 'redis-client'");
    expect(text).not.toContain('../src/');
    const shown = textOf(`examples/${pattern}.ts`)
      .split('\n')
      .filter((line) => !line.includes('../src/'));
    for (const line of shown) expect(text).toContain(line);
  });
});
