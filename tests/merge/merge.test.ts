import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { generate } from '../../src/pipeline.ts';
import { merge } from '../../src/plan/merge/index.ts';
import { mergeLines } from '../../src/plan/merge/lines.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { SpecInput } from '../../src/spec/schema.ts';

function render(input: SpecInput, path: string): string {
  const { files } = generate(expectValue(parseSpec({ network: { port: 6379 }, ...input }, 'shop')).spec);
  const file = files.find((f) => f.path === path);
  if (!file) throw new Error(`no ${path}`);
  return file.text;
}

function clean(path: string, pristine: string, current: string, next: string): string {
  const result = merge(path, pristine, current, next);
  if (!result.ok) throw new Error(`clash: ${JSON.stringify(result.clashes)}`);
  return result.text;
}

describe('redis.conf, by directive', () => {
  const path = 'conf/redis.conf';
  const before = render({ topology: { kind: 'sentinel' } }, path);
  const after = render({ topology: { kind: 'cluster' }, memory: { limit: '4Gi' } }, path);

  it('neighbours do not clash: the user changed the policy, we changed maxmemory beside it', () => {
    const mine = before.replace(/^maxmemory-policy .*/m, 'maxmemory-policy allkeys-random');
    const text = clean(path, before, mine, after);
    expect(text).toContain('maxmemory-policy allkeys-random');
    expect(text).toMatch(/^maxmemory 2\d{3}mb/m);
    expect(text).toContain('cluster-enabled yes');
    expect(text).not.toContain('min-replicas-to-write');
  });

  it('directives, comments and order of the user stay', () => {
    const mine = before.replace(
      'tcp-backlog 511',
      'tcp-backlog 511\n\n# ours: slow disks here\nhz 50\nio-threads 4',
    );
    const text = clean(path, before, mine, after);
    expect(text).toContain('tcp-backlog 511\n\n# ours: slow disks here\nhz 50\nio-threads 4\n');
  });

  it('the same directive with two new values clashes, alone', () => {
    const mine = before.replace(/^maxmemory .*/m, 'maxmemory 100mb');
    const result = merge(path, before, mine, after);
    expect(result).toMatchObject({ ok: false, clashes: [{ at: 'maxmemory', current: 'maxmemory 100mb' }] });
    if (!result.ok)
      expect(result.proposal).toMatch(
        /<<<<<<< yours\nmaxmemory 100mb\n\|{7} [^\n]*\n[^\n]*\n=======\nmaxmemory 2\d{3}mb\n>>>>>>>/,
      );
  });

  it('what the user changed and we retire stays theirs; what they deleted stays away', () => {
    const mine = before
      .replace('min-replicas-to-write 1', 'min-replicas-to-write 2')
      .replace(/^loglevel .*\n/m, '');
    const text = clean(path, before, mine, after);
    expect(text).toContain('min-replicas-to-write 2');
    expect(text).not.toMatch(/^loglevel/m);
  });

  it('Sentinel options and ACL users are told apart by more than their first word', () => {
    const conf = render({ topology: { kind: 'sentinel' } }, 'conf/sentinel.conf');
    const mine = conf.replace(
      'down-after-milliseconds mymaster 5000',
      'down-after-milliseconds mymaster 9000',
    );
    const next = render({ topology: { kind: 'sentinel', sentinels: 5 } }, 'conf/sentinel.conf');
    expect(clean('conf/sentinel.conf', conf, mine, next)).toMatch(/ 6379 3$[\s\S]*mymaster 9000/m);
    const acl = render({}, 'conf/users.acl');
    const edited = `${acl.replace('user probe on +ping', 'user probe on +ping +time')}\nuser guest on ~public:* +get\n`;
    const text = clean(
      'conf/users.acl',
      acl,
      edited,
      render({ topology: { kind: 'sentinel' } }, 'conf/users.acl'),
    );
    expect(text).toMatch(/user probe on \+ping \+time[\s\S]*user guest/);
    expect(text).toContain('user sentinel on');
  });
});

describe('compose.yaml, by structure', () => {
  const path = 'compose.yaml';
  const two = render({ topology: { kind: 'sentinel', replicas: 2 } }, path);
  const three = render({ topology: { kind: 'sentinel', replicas: 3 }, memory: { limit: '2Gi' } }, path);
  const mine = two
    .replace(
      'services:\n',
      'services:\n  # our application\n  app:\n    image: ours/app:1 # pinned\n    depends_on: [node-1]\n\n',
    )
    .replace('127.0.0.1:6379:6379', '127.0.0.1:16379:6379')
    .replace('    hostname: node-2\n', '    hostname: node-2\n    labels:\n      team: payments\n');

  it('keeps a service, a label, a port and the comments of the user while nodes and sizes change around them', () => {
    const text = clean(path, two, mine, three);
    const data = parse(text, { merge: true }) as {
      services: Record<string, { ports?: string[]; labels?: object }>;
      'x-node': { mem_limit: string };
    };
    expect(Object.keys(data.services)).toContain('app');
    expect(Object.keys(data.services)).toContain('node-4');
    expect(data.services['node-1']?.ports).toEqual(['127.0.0.1:16379:6379']);
    expect(data.services['node-2']?.labels).toEqual({ team: 'payments' });
    expect(data['x-node'].mem_limit).toBe('2g');
    expect(text).toContain(
      '  # our application\n  app:\n    image: ours/app:1 # pinned\n    depends_on: [node-1]\n',
    );
  });

  it('takes nodes away again, and leaves the user’s things', () => {
    const text = clean(path, three, clean(path, two, mine, three), two);
    expect(parse(text, { merge: true })).toEqual(parse(mine, { merge: true }));
  });

  it('the same key with two new values clashes', () => {
    const result = merge(path, two, two.replace('mem_limit: 1g', 'mem_limit: 3g'), three);
    expect(result).toMatchObject({
      ok: false,
      clashes: [{ at: 'x-node.mem_limit', pristine: '"1g"', current: '"3g"', next: '"2g"' }],
    });
  });

  it('from every topology to every other, an untouched key and an extra one', () => {
    for (const from of ['standalone', 'sentinel', 'cluster'] as const) {
      for (const to of ['standalone', 'sentinel', 'cluster'] as const) {
        if (from === to) continue;
        const [p, n] = [render({ topology: { kind: from } }, path), render({ topology: { kind: to } }, path)];
        const edited = `${p}\nx-note: mine # keep\n`;
        const text = clean(path, p, edited, n);
        expect(parse(text, { merge: true }), `${from} to ${to}`).toEqual({
          ...(parse(n, { merge: true }) as object),
          'x-note': 'mine',
        });
        expect(text).toContain('x-note: mine # keep');
      }
    }
  });
});

describe('everything else, by lines', () => {
  it('TypeScript: a renamed import stays while an address changes', () => {
    const path = 'client/src/stack.ts';
    const [p, n] = [render({}, path), render({ network: { port: 7000 } }, path)];
    const mine = p.replace(
      'as const satisfies StandaloneStack;',
      'as const satisfies StandaloneStack;\nexport default stack;',
    );
    expect(clean(path, p, mine, n)).toMatch(/port: 7000[\s\S]*export default stack;/);
  });

  it('keeps the line endings of the user', () => {
    const [p, n] = [render({}, 'README.md'), render({ memory: { limit: '2Gi' } }, 'README.md')];
    const mine = `${p}\n## Ours\n`.replaceAll('\n', '\r\n');
    const text = clean('README.md', p, mine, n);
    expect(text).toContain('## Ours\r\n');
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    expect(text).toContain('2 GiB');
  });
});

const folder = mkdtempSync(join(tmpdir(), 'merge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The verdict of git on the same three texts. */
function byGit(texts: readonly [string, string, string]): { clean: boolean; text: string } {
  const [pristine, current, next] = ['p', 'c', 'n'].map((name, i) => {
    writeFileSync(join(folder, name), texts[i] ?? '');
    return join(folder, name);
  }) as [string, string, string];
  try {
    return {
      clean: true,
      text: execFileSync('git', ['merge-file', '-p', '-q', current, pristine, next], {
        encoding: 'utf8',
        stdio: 'pipe',
      }),
    };
  } catch {
    return { clean: false, text: '' };
  }
}

/**
 * Every line once: between equal lines there are several shortest differences, and which one a program takes decides
 * what touches what. Configuration and code repeat few lines, and those mostly blank.
 */
const base = fc
  .array(fc.constantFrom('a', 'b', 'x = 1', 'key: value'), { minLength: 4, maxLength: 14 })
  .map((lines) => lines.map((text, i) => `${text} ${i}`));
/** Edits as people make them: some lines replaced, removed or added. */
const edit = fc.array(
  fc.record({
    at: fc.nat(20),
    remove: fc.nat(2),
    add: fc.array(fc.constantFrom('1', '2', '3', 'b'), { maxLength: 2 }),
  }),
  { maxLength: 2 },
);
type Edit = { readonly at: number; readonly remove: number; readonly add: readonly string[] };

function edited(lines: readonly string[], edits: readonly Edit[]): string {
  const out = [...lines];
  for (const { at, remove, add } of edits) out.splice(Math.min(at, out.length), remove, ...add);
  return out.map((l) => `${l}\n`).join('');
}

describe('properties', () => {
  it('merging by lines never gives a clean text that git would not give', () => {
    let cleanOnes = 0;
    fc.assert(
      fc.property(base, edit, edit, (lines, a, b) => {
        const texts = [edited(lines, []), edited(lines, a), edited(lines, b)] as const;
        const ours = mergeLines(...texts);
        const git = byGit(texts);
        if (!ours.ok || !git.clean) return;
        cleanOnes += 1;
        expect(ours.text).toBe(git.text);
      }),
      { numRuns: 300 },
    );
    expect(cleanOnes).toBeGreaterThan(50);
  });

  const specs = fc.constantFrom<SpecInput>(
    {},
    { topology: { kind: 'sentinel' } },
    { topology: { kind: 'cluster' } },
    { memory: { limit: '4Gi' }, workload: ['queue'] },
    { topology: { kind: 'sentinel', replicas: 4 } },
  );
  const paths = fc.constantFrom('conf/redis.conf', 'compose.yaml', 'README.md', 'conf/users.acl');
  const additions = fc.array(fc.record({ at: fc.nat(400), n: fc.nat(999) }), { minLength: 1, maxLength: 3 });

  /** A line that is the user's own and fits the kind of file. */
  function own(path: string, n: number): string {
    return path.endsWith('.yaml')
      ? `# mine ${n}`
      : path.endsWith('.acl')
        ? `user u${n} on +ping`
        : path.endsWith('.conf')
          ? `hz ${n}`
          : `mine ${n}`;
  }

  function withOwnLines(path: string, pristine: string, added: readonly { at: number; n: number }[]): string {
    const lines = pristine.split('\n');
    for (const { at, n } of added) lines.splice(Math.min(at, lines.length - 1), 0, own(path, n));
    return lines.join('\n');
  }

  it('no line of the user is lost, whatever is merged into what', () => {
    fc.assert(
      fc.property(paths, specs, specs, additions, (path, from, to, added) => {
        const [pristine, next] = [render(from, path), render(to, path)];
        const current = withOwnLines(path, pristine, added);
        const result = merge(path, pristine, current, next);
        const text = result.ok ? result.text : result.proposal;
        for (const { n } of added) expect(text, path).toContain(own(path, n));
        if (result.ok && path.endsWith('.yaml')) expect(parseDocument(text).errors).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('an untouched file becomes the new one, an unchanged new one leaves the file, to the byte', () => {
    fc.assert(
      fc.property(paths, specs, specs, (path, from, to) => {
        const [p, n] = [render(from, path), render(to, path)];
        expect(merge(path, p, p, n)).toEqual({ ok: true, text: n });
        expect(merge(path, p, `${p}# x\n`, p)).toEqual({ ok: true, text: `${p}# x\n` });
        expect(merge(path, p, n, n)).toEqual({ ok: true, text: n });
      }),
      { numRuns: 100 },
    );
  });
});
