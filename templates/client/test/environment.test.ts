import { describe, expect, expectTypeOf, test } from 'vitest';
import { connect as connectCluster } from '../src/connect.cluster.js';
import { connect as connectStandalone } from '../src/connect.standalone.js';
import type { ClusterStack, StandaloneStack } from '../src/description.js';
import { type Environment, readLogin, readSentinelLogin, readView } from '../src/environment.js';
import { stack } from '../src/stack.js';
import { sentinelStack } from './stacks.ts';

const badEnvironment = (word: string) =>
  expect.objectContaining({ code: 'redis/bad-environment', message: expect.stringContaining(word) });

describe('the view', () => {
  test.each<[Environment, unknown]>([
    [{}, stack.host],
    [{ REDIS_VIEW: '' }, stack.host],
    [{ REDIS_VIEW: 'network' }, stack.network],
    [
      { REDIS_ADDRESSES: 'a:1, b:2' },
      {
        addresses: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        addressMap: {},
      },
    ],
    [{ REDIS_ADDRESSES: '[::1]:6379' }, { addresses: [{ host: '::1', port: 6379 }], addressMap: {} }],
    [
      { REDIS_ADDRESSES: 'a:1', REDIS_VIEW: 'network' },
      { addresses: [{ host: 'a', port: 1 }], addressMap: {} },
    ],
  ])('%j', (env, expected) => {
    expect(readView(stack, env)).toEqual(expected);
  });

  test.each([
    ['REDIS_VIEW', 'inside'],
    ['REDIS_ADDRESSES', 'localhost'],
    ['REDIS_ADDRESSES', 'a:1,,b:2'],
    ['REDIS_ADDRESSES', 'a:0'],
    ['REDIS_ADDRESSES', 'a:65536'],
    ['REDIS_ADDRESSES', '::1:6379'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => readView(stack, { [name]: value })).toThrow(badEnvironment(name));
  });
});

describe('credentials', () => {
  test('come from the variables that the stack names', () => {
    expect(readLogin(stack, { REDIS_APP_PASSWORD: 'x' })).toEqual({ username: 'app', password: 'x' });
    const sentinel = sentinelStack([], 'main');
    expect(readSentinelLogin(sentinel, { SENTINEL_PASSWORD: 'y' })).toEqual({
      username: 'watcher',
      password: 'y',
    });
  });

  test.each([[{}], [{ REDIS_APP_PASSWORD: '' }]])('missing in %j: the variable is named', async (env) => {
    expect(() => readLogin(stack, env)).toThrow(badEnvironment('REDIS_APP_PASSWORD'));
    await expect(connectStandalone(stack, { env })).rejects.toEqual(badEnvironment('REDIS_APP_PASSWORD'));
  });
});

test('each connect takes its own kind of stack only', () => {
  expectTypeOf(connectStandalone).parameter(0).toEqualTypeOf<StandaloneStack>();
  expectTypeOf(connectCluster).parameter(0).toEqualTypeOf<ClusterStack>();
  expectTypeOf(stack).not.toExtend<ClusterStack>();
});
