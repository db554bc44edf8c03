import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import { loginOf } from './logins.ts';
import { compileClient, createStack, type Finished, type Stack } from './stack.ts';

/**
 * What a server needs to log in elsewhere stands in its own configuration, because it writes that file itself. Nothing
 * else is let off.
 */
const OWN_CONFIGURATION = /^\.redis-stack\/run\/[^/]+\/(?:conf\/redis\.conf|data\/sentinel\.conf)$/;

const KINDS = ['standalone', 'sentinel', 'cluster'] as const;

describe.each(KINDS)('secrets of a %s that ran', (kind) => {
  let stack: Stack;
  const said: (Finished & { readonly of: string })[] = [];

  const say = async (...words: readonly string[]): Promise<Finished> => {
    const finished = await stack.command(...words);
    said.push({ ...finished, of: words.join(' ') });
    return finished;
  };
  const folder = (path: string): string => join(stack.dir, path);
  const secretFiles = (): readonly string[] => walk(folder('.secrets')).map((path) => `.secrets/${path}`);
  /** Every password that there is, and what private keys are made of. */
  const secrets = (): readonly Buffer[] =>
    secretFiles().flatMap((path) => {
      const text = readFileSync(folder(path), 'utf8');
      if (path.startsWith('.secrets/tls/')) return path.endsWith('.key') ? keyLines(text) : [];
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => Buffer.from(line));
    });
  const holds = (bytes: Buffer): boolean => secrets().some((secret) => bytes.includes(secret));

  beforeAll(async () => {
    stack = await createStack(newest(kind === 'standalone' ? 'valkey' : 'redis'), '--topology', kind);
    await say('up', stack.dir, '--native', '--timeout', '90', '--json');
    await compileClient(stack.dir);
    await stack.work('cache');
    const again = await say('up', stack.dir, '--native');
    expect(again.code).toBe(0);
    await say('status', stack.dir);
    await say('status', stack.dir, '--json');
    await say('update', stack.dir, '--diff', '--memory', '2Gi', '--dry-run');
    await say('update', stack.dir, '--diff', '--memory', '2Gi', '--live');
    await say('check', stack.dir);
    await say('check', stack.dir, '--json');
  });
  afterAll(() => stack?.dispose());

  it('are long, random, and different for every user', () => {
    const passwords = secretFiles()
      .filter((path) => /^\.secrets\/[^./]+$/.test(path))
      .map((path) => loginOf(stack, path.slice('.secrets/'.length)).password);
    expect(passwords.length).toBeGreaterThanOrEqual(kind === 'sentinel' ? 6 : 5);
    // 256 bits in letters that need no quoting.
    for (const password of passwords) expect(password).toMatch(/^[\w-]{43}$/);
    expect(new Set(passwords).size).toBe(passwords.length);
    expect(readFileSync(folder('.env'), 'utf8').match(/^REDIS_\w+_PASSWORD=.+$/gm)).toHaveLength(
      passwords.length,
    );
  });

  it('are in .env and .secrets, and in no other file', () => {
    const files = walk(stack.dir).filter((path) => path !== '.env' && !path.startsWith('.secrets/'));
    expect(files).toContain('conf/redis.conf');
    expect(files.some((path) => /^\.redis-stack\/run\/[^/]+\/log$/.test(path))).toBe(true);
    const leaks = files.filter((path) => holds(readFileSync(folder(path))));
    expect(leaks.filter((path) => !OWN_CONFIGURATION.test(path))).toEqual([]);
    // Each of those is for its owner alone, below a folder that is so as well.
    for (const path of leaks) {
      expect([path, mode(folder(path))]).toEqual([path, 0o600]);
      expect([path, mode(join(folder(path), '..'))]).toEqual([path, 0o700]);
    }
  });

  it('are readable for their owner alone', () => {
    expect(mode(folder('.env'))).toBe(0o600);
    expect(mode(folder('.secrets'))).toBe(0o700);
  });

  it('are not told by any command, also not where it fails', async () => {
    const wrong = await say('up', stack.dir, '--native', '--timeout', 'soon');
    expect(wrong.code).toBe(2);
    expect(said.length).toBeGreaterThanOrEqual(9);
    const told = said.filter(({ out, err }) => holds(Buffer.from(out + err))).map(({ of }) => of);
    expect(told).toEqual([]);
    expect(said.map(({ of, code }) => [of, code]).filter(([, code]) => code === -1)).toEqual([]);
  });

  it('are in no command line and no environment of a process of the stack', async () => {
    const { nodes } = await stack.status();
    const ids = nodes.map(({ name }) => stack.pid(name));
    const seen: string[] = [];
    for (const id of ids)
      for (const what of ['cmdline', 'environ'])
        if (holds(readFileSync(`/proc/${id}/${what}`))) seen.push(`${id} ${what}`);
    expect(seen).toEqual([]);
  });

  it('are in no command line while a stack starts, asks, and stops', async () => {
    const passwords = secrets();
    const seen = new Set<string>();
    let looks = 0;
    const look = (): void => {
      looks++;
      for (const { id, line } of commandLines(stack.dir))
        if (passwords.some((secret) => line.includes(secret))) seen.add(`${id}: ${line.toString('latin1')}`);
    };
    const timer = setInterval(look, 10);
    await say('down', stack.dir);
    await say('up', stack.dir, '--native', '--timeout', '90');
    clearInterval(timer);
    expect(looks).toBeGreaterThan(20);
    expect([...seen]).toEqual([]);
  });

  it('are nothing that git would take', async () => {
    await execa('git', ['init', '--quiet'], { cwd: stack.dir });
    const { stdout } = await execa('git', ['status', '--porcelain', '--untracked-files=all'], {
      cwd: stack.dir,
    });
    const taken = stdout.split('\n').map((line) => line.slice(3));
    expect(taken).toContain('redis-stack.yaml');
    expect(taken).toContain('.env.example');
    expect(taken.filter((path) => holds(readFileSync(folder(path))))).toEqual([]);
    const kept = ['.env', ...secretFiles(), '.redis-stack/run/env'];
    const ignored = await execa('git', ['check-ignore', ...kept], { cwd: stack.dir });
    expect(ignored.stdout.split('\n')).toEqual(kept);
  });

  it('go with the data', async () => {
    const { code } = await say('down', stack.dir, '--delete-data');
    expect(code).toBe(0);
    await until('no rendered configuration is left', () =>
      walk(stack.dir).every((path) => !OWN_CONFIGURATION.test(path)),
    );
  });
});

const mode = (path: string): number => statSync(path).mode & 0o777;

/** Regular files below a folder. */
function walk(root: string, prefix = ''): readonly string[] {
  return readdirSync(join(root, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}

/** The lines between the frame of a PEM file. */
const keyLines = (text: string): readonly Buffer[] =>
  text.split('\n').flatMap((line) => (/^[A-Za-z0-9+/=]{40,}$/.test(line) ? [Buffer.from(line)] : []));

/** Command lines of all processes that work in a folder; one may end while it is looked at. */
function commandLines(dir: string): readonly { readonly id: string; readonly line: Buffer }[] {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .flatMap((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`);
        const isOurs = readlinkSync(`/proc/${id}/cwd`).startsWith(dir) || line.includes(dir);
        return isOurs ? [{ id, line }] : [];
      } catch {
        return [];
      }
    });
}
