import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import Generator from 'yeoman-generator';
import helpers from 'yeoman-test';
import App from '../generators/app/index.ts';
import Update from '../generators/update/index.ts';
import { readTree } from './support/case-folders.ts';
import { runCommand } from './support/run-command.ts';

const folders: string[] = [];

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'yo-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A tree without what is random in it. */
function withoutSecrets(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => path !== '.env' && !path.startsWith('.secrets/')),
  );
}

/** What these tests use of yeoman-test, which types options more narrowly than yeoman-generator does. */
interface Run extends PromiseLike<unknown> {
  withArguments(words: readonly string[]): Run;
  withOptions(options: Readonly<Record<string, unknown>>): Run;
  withAnswers(answers: Readonly<Record<string, unknown>>): Run;
}

function run(generator: unknown): Run {
  return helpers.create(generator as never, {
    resolved: 'shop',
    namespace: 'redis-stack:app',
  }) as unknown as Run;
}

describe('the app generator', () => {
  it('writes what the command writes', async () => {
    const [byYeoman, byCommand] = [join(place(), 'shop'), join(place(), 'shop')];
    await run(App)
      .withArguments([byYeoman])
      .withOptions({ yes: true, topology: 'sentinel', set: ['memory.limit=2Gi'] });
    const argv = [byCommand, '--yes', '--topology', 'sentinel', '--set', 'memory.limit=2Gi'];
    expect((await runCommand(place(), argv)).code).toBe(0);
    expect(withoutSecrets(readTree(byYeoman))).toEqual(withoutSecrets(readTree(byCommand)));
  });

  it('asks the same questions', async () => {
    const root = join(place(), 'shop');
    await run(App)
      .withArguments([root])
      .withAnswers({ name: 'orders', workload: ['queue'], 'topology.kind': 'cluster', 'topology.shards': 4 });
    const spec = readFileSync(join(root, 'redis-stack.yaml'), 'utf8');
    expect(spec).toMatch(
      /name: orders[\s\S]*kind: cluster[\s\S]*shards: 4[\s\S]*eviction: noeviction[\s\S]*mode: aof/,
    );
  });

  it('refuses a folder that holds other files', async () => {
    const root = place();
    writeFileSync(join(root, 'precious.txt'), 'mine\n');
    await expect(run(App).withArguments([root]).withOptions({ yes: true })).rejects.toThrow(/other files/);
    expect(readTree(root)).toEqual({ 'precious.txt': 'mine\n' });
  });

  it('can be composed into another generator', async () => {
    const root = join(place(), 'shop');
    class Outer extends Generator {
      async composing(): Promise<void> {
        await this.composeWith(
          { Generator: App, path: 'redis-stack:app' } as never,
          [root] as never,
          { yes: true } as never,
        );
      }
    }
    await run(Outer);
    expect(Object.keys(readTree(root))).toContain('compose.yaml');
  });
});

describe('the update generator', () => {
  async function stack(): Promise<string> {
    const root = join(place(), 'shop');
    await run(App).withArguments([root]).withOptions({ yes: true });
    return root;
  }

  it('carries an untouched stack to another topology, and keeps the comments in redis-stack.yaml', async () => {
    const root = await stack();
    const spec = join(root, 'redis-stack.yaml');
    writeFileSync(spec, `${readFileSync(spec, 'utf8')}# my own note\n`);
    await run(Update)
      .withArguments([root])
      .withOptions({ set: ['memory.limit=4Gi', 'memory.eviction=allkeys-lru'] });
    expect(readFileSync(spec, 'utf8')).toMatch(/limit: 4Gi[\s\S]*eviction: allkeys-lru[\s\S]*# my own note/);
    expect(readFileSync(join(root, 'conf/redis.conf'), 'utf8')).toContain('maxmemory-policy allkeys-lru');
    expect(readFileSync(join(root, 'compose.yaml'), 'utf8')).toContain('mem_limit: 4g');
  });

  it('changes nothing when nothing changed', async () => {
    const root = await stack();
    const before = readTree(root);
    await run(Update).withArguments([root]);
    expect(readTree(root)).toEqual(before);
  });

  it('never loses an edit', async () => {
    const root = await stack();
    const conf = join(root, 'conf/redis.conf');
    writeFileSync(conf, `${readFileSync(conf, 'utf8')}\n# mine\nhz 50\n`);
    await run(Update)
      .withArguments([root])
      .withOptions({ set: ['memory.limit=4Gi'] });
    expect(readFileSync(conf, 'utf8')).toContain('# mine\nhz 50\n');
  });
});
