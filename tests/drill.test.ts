import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printedScenarios } from '../build/print-scenarios.ts';
import { chooseScenarios } from '../src/commands/drill-choice.ts';
import { closingWords, drillTable, intention, scenarioTable } from '../src/commands/drill-words.ts';
import {
  type Acknowledged,
  broken,
  type Findings,
  longestGapMs,
  lostOf,
  oldestLostMs,
  remarks,
} from '../src/local/drill/account.ts';
import { evictedBetween } from '../src/local/drill/evictions.ts';
import { beginJournal, forgetJournal, leftBehind } from '../src/local/drill/journal.ts';
import { SCENARIOS } from '../src/local/drill/scenarios.ts';
import type { Circumstances, Promised, ScenarioResult } from '../src/local/drill/types.ts';
import { buildModel } from '../src/model/build.ts';
import { expectValue } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { MemoryFiles } from './support/memory-files.ts';
import { runCommand } from './support/run-command.ts';

const written = (group: string, at: number, n = at): Acknowledged => ({
  key: `key:${n}`,
  value: `value ${n}`,
  group,
  at,
});

function circumstances(spec: object, more: Partial<Circumstances> = {}): Circumstances {
  const model = buildModel(expectValue(parseSpec(spec, 'shop')).spec);
  return { model, cuts: true, waitReplicas: 0, ...more };
}

const kind = (topology: 'standalone' | 'sentinel' | 'cluster', persistence = 'aof') =>
  circumstances({
    topology: { kind: topology },
    persistence: { mode: persistence },
    accept: persistence === 'none' ? ['persistence/replicas-without-persistence'] : [],
  });

const promiseOf = (id: string, of: Circumstances): Promised['loses'] | undefined =>
  SCENARIOS.find((scenario) => scenario.id === id)?.promised(of).loses;

describe('the gap', () => {
  it('is the longest time without an answer', () => {
    const answers = [110, 120, 470, 480].map((at) => written('a', at));
    expect(longestGapMs(answers, ['a'], 100, 500)).toBe(350);
  });

  it('is that of the shard that is worst off, however well the others do', () => {
    const busy = Array.from({ length: 100 }, (_, i) => written('a', i * 10));
    const dark = [0, 10, 20, 820, 990].map((at) => written('b', at));
    expect(longestGapMs([...busy, ...dark], ['a', 'b'], 0, 1000)).toBe(800);
  });

  it('reaches to the end where no answer came any more, and over all where none came at all', () => {
    expect(longestGapMs([written('a', 150)], ['a'], 100, 900)).toBe(750);
    expect(longestGapMs([], ['a'], 100, 900)).toBe(800);
  });

  it('does not begin before the traffic is watched, nor end after it', () => {
    const answers = [1, 100, 150, 200, 5000].map((at) => written('a', at));
    expect(longestGapMs(answers, ['a'], 100, 200)).toBe(50);
  });
});

describe('the loss', () => {
  const all = [1, 2, 3].map((at) => written('a', at));

  it('is what was acknowledged and is absent, or holds something else', () => {
    const present = new Map([
      ['key:1', 'value 1'],
      ['key:2', null],
      ['key:3', 'value 2'],
    ]);
    expect(lostOf(all, present).map(({ key }) => key)).toEqual(['key:2', 'key:3']);
    expect(lostOf(all, new Map())).toEqual([]);
    expect(lostOf(all, new Map(all.map(({ key, value }) => [key, value])))).toEqual([]);
  });

  it('is dated by the earliest of the lost writes', () => {
    expect(oldestLostMs([written('a', 900), written('a', 1100)], 1000)).toBe(100);
    expect(oldestLostMs([written('a', 1200)], 1000)).toBe(-200);
    expect(oldestLostMs([], 1000)).toBeUndefined();
  });
});

describe('the verdict', () => {
  const found = (lost: readonly Acknowledged[], more: Partial<Findings> = {}): Findings => ({
    lost,
    unread: 0,
    struckAt: 10_000,
    givenBackAt: 20_000,
    readyMs: 1000,
    readyWithinMs: undefined,
    evicted: 0,
    ...more,
  });
  const nothing = { loses: 'nothing', why: '' } as const;
  const recent = { loses: 'recent', withinMs: 1000, atReturn: false, why: '' } as const;
  const woken = { ...recent, atReturn: true };
  const anything = { loses: 'anything', why: '' } as const;
  const late = [written('a', 9500)];
  const early = [written('a', 8000)];

  it.each([
    ['nothing lost, nothing promised to be', nothing, found([]), []],
    ['one lost of none', nothing, found(late), ['1 write lost, promised none']],
    ['a late one lost of the late ones', recent, found(late), []],
    [
      'an early one lost of the late ones',
      recent,
      found([...late, ...early]),
      ['1 write lost that was acknowledged more than 1.0 s before the blow'],
    ],
    ['an answer that was on its way', recent, found([written('a', 10_900)]), []],
    [
      'one that another primary had to answer',
      recent,
      found([written('a', 20_500)]),
      ['1 write lost that was acknowledged after it, when another primary had to answer'],
    ],
    ['what a primary answers as it wakes', woken, found([written('a', 20_500)]), []],
    [
      'what was answered before it woke',
      woken,
      found([written('a', 19_000)]),
      ['1 write lost that was acknowledged after it, when another primary had to answer'],
    ],
    [
      'what was answered when it knew',
      woken,
      found([written('a', 21_500)]),
      ['1 write lost that was acknowledged after it, when another primary had to answer'],
    ],
    ['anything lost of anything', anything, found([...late, ...early]), []],
    [
      'ready too late',
      nothing,
      found([], { readyMs: 31_000, readyWithinMs: 30_000 }),
      ['ready after 31.0 s, promised within 30.0 s'],
    ],
    [
      'some that cannot be read any more',
      nothing,
      found([], { unread: 2 }),
      ['2 writes could not be read back'],
    ],
    ['as many evicted as lost', nothing, found(late, { evicted: 5 }), []],
    [
      'fewer evicted than lost',
      nothing,
      found([...late, ...early], { evicted: 1 }),
      ['2 writes lost, promised none'],
    ],
  ] as const)('%s', (_, promised, findings, faults) => {
    expect(broken(promised, findings)).toEqual(faults);
  });

  it('says what clouds the account', () => {
    expect(remarks(found(late, { evicted: 5 }), 0, undefined)).toEqual([
      expect.stringContaining('evicted 5 keys'),
    ]);
    expect(remarks(found([]), 2, 'OOM command not allowed')).toEqual([
      '2 writes never acknowledged (OOM command not allowed)',
    ]);
    expect(remarks(found([]), 0, undefined)).toEqual([]);
  });

  it('counts evictions of a node that was restarted from zero', () => {
    const before = new Map([
      ['node-1', 100],
      ['node-2', 7],
    ]);
    expect(evictedBetween(before, new Map([['node-1', 3]]))).toBe(3);
    expect(evictedBetween(before, new Map([['node-2', 9]]))).toBe(2);
    expect(evictedBetween(before, before)).toBe(0);
  });
});

describe('promises', () => {
  it.each(['stop', 'restart-all', 'kill', 'freeze', 'recreate'])(
    '%s has a reason for each topology',
    (id) => {
      for (const of of [kind('standalone'), kind('sentinel'), kind('cluster')])
        expect(SCENARIOS.find((s) => s.id === id)?.promised(of).why).not.toBe('');
    },
  );

  it('a planned stop loses nothing where somebody takes over or a disk remembers', () => {
    expect(promiseOf('stop', kind('sentinel'))).toBe('nothing');
    expect(promiseOf('stop', kind('cluster', 'none'))).toBe('nothing');
    expect(promiseOf('stop', kind('standalone', 'rdb'))).toBe('nothing');
    expect(promiseOf('stop', kind('standalone', 'none'))).toBe('anything');
  });

  it('a crash may lose the last moment, unless each write waits for a replica', () => {
    expect(promiseOf('kill', kind('sentinel'))).toBe('recent');
    expect(promiseOf('kill', { ...kind('sentinel'), waitReplicas: 1 })).toBe('nothing');
    expect(promiseOf('freeze', kind('cluster'))).toBe('recent');
  });

  it('a node alone keeps what its persistence keeps', () => {
    expect(promiseOf('kill', kind('standalone', 'aof'))).toBe('recent');
    expect(promiseOf('kill', kind('standalone', 'rdb'))).toBe('anything');
    expect(promiseOf('kill', kind('standalone', 'none'))).toBe('anything');
    const always = { topology: { kind: 'standalone' }, persistence: { mode: 'aof', appendfsync: 'always' } };
    expect(promiseOf('kill', circumstances(always))).toBe('nothing');
    expect(promiseOf('freeze', kind('standalone', 'none'))).toBe('nothing');
  });

  it('all nodes at once keep what is on a disk', () => {
    expect(promiseOf('recreate', kind('cluster'))).toBe('nothing');
    expect(promiseOf('recreate', kind('sentinel', 'none'))).toBe('anything');
  });
});

describe('the choice', () => {
  const ids = (of: Circumstances, only?: readonly string[]) =>
    chooseScenarios(only, of).chosen.map(({ id }) => id);

  it('leaves out what a topology has not', () => {
    const all = SCENARIOS.map(({ id }) => id);
    const without = (...left: readonly string[]) => all.filter((id) => !left.includes(id));
    expect(ids(kind('sentinel'))).toEqual(all);
    expect(ids(kind('cluster'))).toEqual(without('kill-sentinel'));
    expect(ids(kind('standalone'))).toEqual(without('kill-sentinel', 'replica-kill', 'partition'));
    expect(ids({ ...kind('sentinel'), cuts: false })).toEqual(without('partition'));
  });

  it('keeps the order of the registry', () => {
    expect(ids(kind('sentinel'), ['freeze', 'stop'])).toEqual(['stop', 'freeze']);
  });

  it('refuses what it does not know and what does not suit, all at once', () => {
    const refused = () => chooseScenarios(['frieze', 'kill-sentinel', 'kill'], kind('cluster'));
    expect(refused).toThrow(/There is no scenario 'frieze'/);
    expect(refused).toThrow(/'kill-sentinel' cannot be practised: the stack has no Sentinels/);
  });
});

describe('words', () => {
  const result: ScenarioResult = {
    scenario: 'kill',
    writeGapMs: 6210,
    readGapMs: 6190,
    acknowledged: 2185,
    lost: 3,
    oldestLostMs: 4200,
    givenUp: 0,
    readyMs: 1620,
    kept: false,
    promised: { loses: 'recent', withinMs: 1000, atReturn: false, why: 'replication is asynchronous' },
    notes: ['3 writes lost that were acknowledged more than 1.0 s before the blow'],
  };

  it('the table has a row a scenario and what was broken below it', () => {
    const [head = '', row = '', note = ''] = drillTable([result]).split('\n');
    expect(row.split(/ {2,}/)).toEqual([
      'kill',
      '6210 ms',
      '6190 ms',
      '2185',
      '3',
      '1.6 s',
      'the last 1 s',
      'broken',
    ]);
    expect(note).toBe('  3 writes lost that were acknowledged more than 1.0 s before the blow');
    // Figures end below the end of their title.
    expect(row.indexOf('6210 ms') + '6210 ms'.length).toBe(head.indexOf('WRITE GAP') + 'WRITE GAP'.length);
  });

  it('it says to which stack it does what', () => {
    const of = kind('standalone');
    const words = intention(of.model, chooseScenarios(undefined, of), { kind: 'native', rate: 200 });
    expect(words).toContain('the stack shop');
    expect(words).toContain('kill-sentinel is left out: the stack has no Sentinels');
    expect(words).toContain('shop:drill:');
    expect(words).toContain('evict keys');
    for (const { does } of chooseScenarios(undefined, of).chosen) expect(words).toContain(does);
  });

  it('the list has every scenario, for people and for programs', () => {
    const { scenarios } = JSON.parse(scenarioTable(kind('cluster'), true)) as { scenarios: { id: string }[] };
    expect(scenarios.map(({ id }) => id)).toEqual(SCENARIOS.map(({ id }) => id));
    for (const { title } of SCENARIOS) expect(scenarioTable(kind('cluster'), false)).toContain(title);
  });

  it('the shipped table is that of the code: `npm run docs`', () => {
    const shipped = readFileSync(new URL('../docs/generated/drill.md', import.meta.url), 'utf8');
    expect(shipped).toBe(printedScenarios());
  });

  it('names what was not practised', () => {
    expect(closingWords({ kept: true, stopped: false, notRun: [] })).toBe('Every promise was kept.');
    expect(closingWords({ kept: false, stopped: false, notRun: ['freeze'] })).toBe(
      'A promise was broken. Not practised: freeze.',
    );
    expect(closingWords({ kept: true, stopped: true, notRun: [] })).toContain('Stopped');
  });
});

describe('the journal', () => {
  const JOURNAL = '/shop/.redis-stack/run/drill.json';

  it('says what was done and not yet undone, and only while it was', async () => {
    const files = new MemoryFiles();
    const journal = await beginJournal(files, '/shop', 'native');
    journal.add({ node: 'node-1', how: 'frozen' });
    journal.add({ node: 'node-2', how: 'stopped' });
    expect(JSON.parse(files.read(JOURNAL) ?? '')).toMatchObject({ harms: journal.harms() });
    journal.drop('node-1');
    expect(journal.harms()).toEqual([{ node: 'node-2', how: 'stopped' }]);
    journal.close();
    expect(files.read(JOURNAL)).toBeUndefined();
  });

  it('keeps a second drill away while the first is at work', async () => {
    const files = new MemoryFiles();
    await beginJournal(files, '/shop', 'native');
    await expect(leftBehind(files, '/shop')).rejects.toThrow(`process ${process.pid}`);
    await expect(beginJournal(files, '/shop', 'native')).rejects.toThrow('Another drill');
  });

  it('tells what a drill left whose process is gone', async () => {
    const files = new MemoryFiles();
    const journal = await beginJournal(files, '/shop', 'compose');
    journal.add({ node: 'node-1', how: 'frozen' });
    // The same number, another process.
    files.write(
      JOURNAL,
      (files.read(JOURNAL) ?? '').replace(/"identity": "[^"]*"/, '"identity": "0"'),
      0o600,
    );
    expect(await leftBehind(files, '/shop')).toMatchObject({
      kind: 'compose',
      harms: [{ node: 'node-1', how: 'frozen' }],
    });
    forgetJournal(files, '/shop');
    expect(await leftBehind(files, '/shop')).toBeUndefined();
  });

  it('does not guess at one that cannot be read', async () => {
    const files = new MemoryFiles();
    files.write(JOURNAL, '{"format":1', 0o600);
    await expect(leftBehind(files, '/shop')).rejects.toThrow('cannot be read');
  });
});

describe('bad input', () => {
  it.each([
    [['--rate', '5'], 'cli/bad-number'],
    [['--wait-replicas', 'one'], 'cli/bad-number'],
    [['--timeout', '0'], 'cli/bad-timeout'],
  ])('%j is refused', async (words, code) => {
    const { code: exit, out } = await runCommand('/', ['drill', '.', ...words, '--json']);
    expect(exit).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ problems: [{ code }] });
  });
});
