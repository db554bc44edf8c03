import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lost, writeThrough } from '../live/write-through.ts';
import { compileClient, createStack, type DockerStack, newestImage } from './stack.ts';

let stack: DockerStack;

beforeAll(async () => {
  stack = await createStack(newestImage('valkey'), '--topology', 'sentinel', '--workload', 'primary-data');
  await stack.up();
  await compileClient(stack.dir);
});
afterAll(() => stack.dispose());

const data = ['node-1', 'node-2', 'node-3'];

const ids = async (names: readonly string[]) =>
  Promise.all(names.map((name) => stack.docker('inspect', '--format', '{{.Id}}', stack.container(name))));

describe('up after the files have changed, under writes of the emitted client', () => {
  it('makes one node after the other anew, and loses no acknowledged write', async () => {
    const conf = `${stack.dir}/conf/redis.conf`;
    const before = await ids(data);
    const watchers = await ids(['sentinel-1', 'sentinel-2', 'sentinel-3']);
    const written = await writeThrough(stack, async () => {
      const updated = await stack.command('update', stack.dir, '--memory', '2Gi');
      expect(updated.code, updated.out + updated.err).toBe(0);
      writeFileSync(conf, readFileSync(conf, 'utf8').replace('tcp-backlog 511', 'tcp-backlog 300'));
      await stack.up();
    });
    expect(await lost(stack, written)).toEqual([]);
    for (const name of data) {
      const memory = await stack.docker(
        'inspect',
        '--format',
        '{{.HostConfig.Memory}}',
        stack.container(name),
      );
      expect(memory).toBe(String(2 * 2 ** 30));
      const words = ['--user', 'admin', '--node', name, '--', 'valkey-cli', 'CONFIG', 'GET', 'tcp-backlog'];
      expect((await stack.command('exec', stack.dir, ...words)).out).toContain('300');
    }
    const after = await ids(data);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect(await ids(['sentinel-1', 'sentinel-2', 'sentinel-3'])).toEqual(watchers);
    expect((await stack.status()).ready).toBe(true);
  });

  it('touches nothing when nothing has changed', async () => {
    const before = await ids(data);
    await stack.up();
    expect(await ids(data)).toEqual(before);
  });
});
