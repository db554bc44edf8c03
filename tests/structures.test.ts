import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { counts, GENTLE } from '../src/advise/measure.ts';
import { advisedJson } from '../src/commands/advise-json.ts';
import { advisedText } from '../src/commands/advise-words.ts';
import { resolveEngine } from '../src/engines/releases.ts';
import type { EngineName } from '../src/engines/types.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { patternChoices } from '../src/spec/question-choices.ts';
import { PATTERNS, type Pattern } from '../src/spec/types.ts';
import { FEATURE_IDS, lacks } from '../src/structures/features.ts';
import {
  ACCESSES,
  type Answers,
  adviseStructure,
  BEHIND,
  EXPIRIES,
  type Feature,
  type Ground,
  importLine,
  ORDERS,
  PURPOSES,
  parseCount,
  parseNeed,
  STRUCTURES,
  USES,
} from '../src/structures/index.ts';
import { caseNames, caseRoot } from './support/case-folders.ts';
import { runAdvise } from './support/run-advise.ts';

const KIND = 'structures';

interface Given {
  readonly engine: string;
  /** What a server that was asked has; absent where none was. */
  readonly has?: readonly Feature[];
  readonly answers: Answers;
}

function groundOf(engine: string, has?: readonly Feature[]): Ground {
  const [name = 'redis', line = ''] = engine.split(':');
  const { title, version } = expectValue(resolveEngine(name as EngineName, line));
  return { name: name as EngineName, title, version, has: has && new Set(has) };
}

const REDIS = groundOf('redis:8.0');
const VALKEY = groundOf('valkey:8.1');

function screen(name: string): string {
  const given = parse(readFileSync(join(caseRoot(KIND), name, 'need.yaml'), 'utf8')) as Given;
  const need = expectValue(parseNeed(given.answers));
  const ground = groundOf(given.engine, given.has);
  const advice = adviseStructure(need, ground);
  return advisedText({ need, ground, advice, measured: undefined, remark: undefined, next: undefined });
}

const adviceFor = (answers: Answers, ground = REDIS) =>
  adviseStructure(expectValue(parseNeed(answers)), ground);

const purposes = Object.keys(PURPOSES) as (keyof typeof PURPOSES)[];

describe('answers in, advice out', () => {
  it.each(caseNames(KIND))('%s', (name) => {
    const path = join(caseRoot(KIND), name, 'advice.txt');
    const said = screen(name);
    if (process.env.WRITE_GOLDEN && !process.env.CI) writeFileSync(path, said);
    expect(said).toBe(readFileSync(path, 'utf8'));
  });

  it.each(purposes)('%s leads somewhere on either engine, without any other answer', (need) => {
    for (const ground of [REDIS, VALKEY, groundOf('redis:7.0')]) {
      const [best] = adviceFor({ need }, ground);
      expect(best?.against).toEqual([]);
      expect(best?.use.serves[need]).toBeDefined();
    }
  });

  it.each(purposes)('%s has one first choice', (need) => {
    expect(USES.filter(({ serves }) => serves[need] === 1).map(({ id }) => id)).toHaveLength(1);
  });
});

describe('what is reached', () => {
  const firsts = purposes.map((need) => adviceFor({ need })[0]);

  it('every pattern of the client', () => {
    const reached = firsts.flatMap((one) => [one?.use.pattern ?? [], one?.use.beside ?? []].flat());
    expect(PATTERNS.filter((pattern) => !reached.includes(pattern))).toEqual([]);
  });

  it('every structure, and every use', () => {
    const all = purposes.flatMap((need) => adviceFor({ need }));
    const structures = new Set(all.map(({ structure }) => structure.id));
    expect(STRUCTURES.filter(({ id }) => !structures.has(id)).map(({ id }) => id)).toEqual([]);
    const uses = new Set(all.map(({ use }) => use.id));
    expect(USES.filter(({ id }) => !uses.has(id)).map(({ id }) => id)).toEqual([]);
    expect(new Set(USES.map(({ id }) => id)).size).toBe(USES.length);
  });

  it('by traits alone', () => {
    const best = (answers: Answers) => adviceFor(answers)[0]?.structure.id;
    expect(best({ access: 'rank', order: 'score' })).toBe('sorted-set');
    expect(best({ access: 'ends', order: 'arrival', unique: false })).toBe('list');
    expect(best({ access: 'replay' })).toBe('stream');
    expect(best({ access: 'listen', order: 'arrival', expires: 'whole', unique: false })).toMatch(
      /stream|pubsub/,
    );
    expect(best({ access: 'combine', order: 'none', unique: true, elements: '500' })).toMatch(/set|bitmap/);
    expect(best({ access: 'field', order: 'none' })).toBe('hash');
    expect(best({ access: 'near', order: 'none' })).toMatch(/geo|search-index|vector-set/);
  });

  it('another way where an answer is against the first', () => {
    const best = (answers: Answers, ground = REDIS) => adviceFor(answers, ground)[0]?.use.id;
    expect(best({ need: 'unique-count', elements: '5m' })).toBe('unique-sketch');
    expect(best({ need: 'unique-count', elements: '200', access: 'member' })).toBe('member-set');
    expect(best({ need: 'recent', expires: 'element' })).toBe('recent-by-time');
    expect(best({ need: 'object', expires: 'element', access: 'member' })).toBe('fields-that-expire');
    expect(best({ need: 'seen-before' })).toBe('seen-filter');
    expect(best({ need: 'seen-before' }, VALKEY)).toBe('member-set');
    expect(best({ need: 'document', access: 'field' })).toBe('json-document');
  });

  it('never anything that the server has not got, while there is something that it has', () => {
    const answer = <T extends object>(of: T) =>
      fc.option(fc.constantFrom(...Object.keys(of)), { nil: undefined });
    const answers = fc.record({
      need: answer(PURPOSES),
      access: answer(ACCESSES),
      order: answer(ORDERS),
      expires: answer(EXPIRIES),
      unique: fc.option(fc.boolean(), { nil: undefined }),
      elements: fc.option(fc.integer({ min: 1, max: 1e9 }).map(String), { nil: undefined }),
      bytes: fc.option(fc.integer({ min: 1, max: 2 ** 29 }).map(String), { nil: undefined }),
    });
    fc.assert(
      fc.property(answers, fc.constantFrom(REDIS, VALKEY, groundOf('redis:8.0', [])), (given, ground) => {
        const need = expectValue(parseNeed(given));
        const advice = adviseStructure(need, ground);
        const first = advice.findIndex(({ unavailable }) => unavailable !== undefined);
        expect(
          advice.slice(Math.max(0, first)).every(({ unavailable }) => first < 0 || unavailable !== undefined),
        ).toBe(true);
        const told = { need, ground, advice, measured: undefined, remark: undefined, next: undefined };
        expect(advisedText(told)).not.toMatch(/undefined|NaN|\[object/);
        expect(() => JSON.parse(advisedJson(told))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('releases', () => {
  it.each([
    ['field-ttl', 'redis:7.2', /Redis 7\.4/],
    ['field-ttl', 'redis:7.4', undefined],
    ['field-ttl', 'valkey:8.1', /Valkey 9\.0/],
    ['field-ttl', 'valkey:9.0', undefined],
    ['json', 'redis:7.4', /Redis 8\.0 or the module RedisJSON brings/],
    ['json', 'redis:8.0', undefined],
    ['json', 'valkey:9.1', /the module valkey-json/],
    ['vector-set', 'valkey:9.1', /Redis has them from 8\.0 on/],
  ] as const)('%s on %s', (feature, engine, said) => {
    const why = lacks(feature, groundOf(engine));
    if (said === undefined) expect(why).toBeUndefined();
    else expect(why).toMatch(said);
  });

  it('a server that was asked is believed', () => {
    for (const feature of FEATURE_IDS) {
      expect(lacks(feature, groundOf('valkey:7.2', [feature]))).toBeUndefined();
      expect(lacks(feature, groundOf('redis:8.8', []))).toBeDefined();
    }
  });
});

describe('what is said', () => {
  const sentences = [
    ...USES.flatMap(({ why, trade, avoid }) => [why, trade, ...avoid]),
    ...STRUCTURES.flatMap(({ avoid }) => avoid),
  ];

  it('whole sentences, short enough to read', () => {
    for (const text of sentences) {
      expect(text).toMatch(/^[A-Z0-9].*\.$/s);
      expect(text.length, text).toBeLessThan(170);
    }
  });

  it('every command has a cost', () => {
    const all = [...STRUCTURES, ...USES].flatMap(({ commands = [] }) => commands);
    for (const { words, cost } of all) expect(cost, words).toMatch(/^O\(.+\)$|^of what it calls$/);
    expect(STRUCTURES.filter(({ commands }) => commands.length === 0)).toEqual([]);
  });
});

describe('the questionnaire', () => {
  const examples = fileURLToPath(new URL('../templates/client/examples/', import.meta.url));

  it.each(PATTERNS)('%s is imported as its example does', (pattern: Pattern) => {
    const text = readFileSync(join(examples, `${pattern}.ts`), 'utf8');
    const names = (/import \{([^}]*)\} from '\.\.\/src\/index\.js'/.exec(text)?.[1] ?? '')
      .split(',')
      .map((n) => n.trim());
    const values = names.filter((name) => name !== '' && !name.startsWith('type ')).sort();
    expect(importLine(pattern)).toBe(`import { ${values.join(', ')} } from 'redis-client';`);
  });

  it('says what each pattern is made of, in one line of a terminal', () => {
    const { spec } = expectValue(parseSpec({}, 'shop'));
    for (const choice of patternChoices(spec)) {
      if (!('value' in choice)) continue;
      const { made } = BEHIND[choice.value as Pattern];
      expect(choice.name).toContain(`[${made}]`);
      expect(`  ◯ ${choice.name}`.length, choice.name).toBeLessThan(110);
    }
  });
});

describe('numbers', () => {
  it.each([
    ['5000', 5000],
    ['1,000,000', 1e6],
    ['200k', 2e5],
    ['1.5m', 1.5e6],
    ['0', undefined],
    ['1.5', undefined],
    ['many', undefined],
    ['-3', undefined],
    ['9999999m', undefined],
  ])('%s elements', (text, count) => {
    expect(parseCount(text)).toBe(count);
  });

  it('never more than is gentle to a server', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...USES.flatMap(({ sample = [] }) => sample)),
        fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined }),
        fc.integer({ min: 1, max: 2 ** 29 }),
        (sample, elements, bytes) => {
          const all = counts(sample, { elements, bytes, expires: false }, GENTLE);
          expect(all.length).toBeGreaterThan(0);
          for (const count of all) {
            expect(count).toBeGreaterThanOrEqual(1);
            expect(count).toBeLessThanOrEqual(GENTLE.elements);
            if (count > 1 && sample.bytes === undefined)
              expect(count * Math.max(7, bytes)).toBeLessThanOrEqual(GENTLE.bytes);
          }
        },
      ),
    );
  });
});

describe('bad input', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const run = (...argv: readonly string[]) => {
    const cwd = mkdtempSync(join(tmpdir(), 'advise-'));
    folders.push(cwd);
    return runAdvise(cwd, argv);
  };

  it.each([
    [[], '--need', 'advise/nothing-to-go-by'],
    [['--need', 'quue'], "Did you mean 'queue'?", 'advise/unknown-answer'],
    [['--access', 'sideways'], 'whole, field', 'advise/unknown-answer'],
    [['--need', 'cache', '--elements', 'lots'], '200k', 'advise/bad-elements'],
    [['--need', 'cache', '--bytes', '1pb'], '2kb', 'advise/bad-bytes'],
    [['--need', 'cache', '--engine', 'memcached'], 'redis or valkey', 'advise/unknown-engine'],
    [['--need', 'cache', '--engine', 'redis:6.2'], '7.0', 'engine/too-old'],
    [['http://db:1', '--need', 'cache'], 'redis://', 'advise/bad-url'],
    [['redis://127.0.0.1:1', '--need', 'cache'], '127.0.0.1:1', 'advise/no-answer'],
    [['nowhere', '--need', 'cache'], 'nowhere', 'stack/not-found'],
    [['rediss://127.0.0.1:1', '--need', 'cache', '--ca', 'none.pem'], '--ca', 'advise/no-file'],
  ] as const)('%s', async (argv, said, code) => {
    const { problems } = await run(...argv);
    expect(problems.map((one) => one.code)).toEqual([code]);
    expect(problems.map(({ at, message, remedy }) => `${at} ${message} ${remedy}`).join()).toContain(said);
  });

  it('all that is wrong at once, and no password', async () => {
    const { problems } = await run('--need', 'x', '--order', 'y', '--elements', '-');
    expect(problems.map(({ at }) => at)).toEqual(['--need', '--order', '--elements']);
    const url = await run('htp://ann:hunter2@db:1', '--need', 'cache');
    expect(JSON.stringify(url.problems)).not.toContain('hunter2');
  });
});

describe('the command', () => {
  it('without a server says what it can, and why there are no figures', async () => {
    const { code, out } = await runAdvise(tmpdir(), ['--need', 'queue', '--engine', 'valkey:8.1']);
    expect(code).toBe(0);
    expect(out).toContain('Valkey 8.1');
    expect(out).toContain('No figures: there is no valkey-server on the PATH');
    expect(out).toContain('create-redis-stack shop --patterns queues');
  });

  it('gives the same to programs', async () => {
    const { code, out } = await runAdvise(tmpdir(), ['--need', 'queue', '--json', '--no-measure']);
    const { advice, engine } = JSON.parse(out) as { advice: { id: string }[]; engine: { name: string } };
    expect(code).toBe(0);
    expect(engine.name).toBe('redis');
    expect(advice[0]?.id).toBe('queue');
  });
});
