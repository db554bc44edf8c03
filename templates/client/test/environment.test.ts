import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { connect as connectCluster } from '../src/connect.cluster.js';
import { connect as connectStandalone } from '../src/connect.standalone.js';
import type { ClusterStack, StandaloneStack } from '../src/description.js';
import { type Environment, readLogin, readSentinelLogin, readView } from '../src/environment.js';
import { notePasswords } from '../src/password-file.js';
import { stack } from '../src/stack.js';
import { createAuthority } from './certificates.ts';
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

  test('come from the first line of a file, which goes before the variable', () => {
    const folder = mkdtempSync(join(tmpdir(), 'environment-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'app');
    const env = { REDIS_PASSWORD_FILE: path, REDIS_APP_PASSWORD: 'x' };
    const bad = badEnvironment('REDIS_PASSWORD_FILE');
    expect(() => readLogin(stack, env)).toThrow(bad);
    writeFileSync(path, '\n');
    expect(() => readLogin(stack, env)).toThrow(bad);
    writeFileSync(path, 'new \r\nold\n');
    expect(readLogin(stack, env)).toEqual({ username: 'app', password: 'new' });
    // The Sentinels' own user has a file of its own; where it is the same user, so is the file.
    const other = sentinelStack([], 'main');
    expect(readSentinelLogin(other, { ...env, SENTINEL_PASSWORD: 'y' }).password).toBe('y');
    expect(readSentinelLogin(other, { REDIS_SENTINEL_PASSWORD_FILE: path }).password).toBe('new');
    const same = { ...other, sentinelPasswordEnv: other.passwordEnv };
    expect(readSentinelLogin(same, env).password).toBe('new');
  });

  test('in files are noticed when they change, and only then', () => {
    const folder = mkdtempSync(join(tmpdir(), 'environment-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'app');
    writeFileSync(path, 'one\n');
    const hasChanged = notePasswords({ REDIS_PASSWORD_FILE: path });
    expect(hasChanged()).toBe(false);
    writeFileSync(path, 'one\nolder\n');
    expect(hasChanged()).toBe(false);
    writeFileSync(path, '');
    expect(hasChanged()).toBe(false);
    rmSync(path);
    expect(hasChanged()).toBe(false);
    writeFileSync(path, 'two\none\n');
    expect(hasChanged()).toBe(true);
    expect(notePasswords({})()).toBe(false);
  });

  test.each([[{}], [{ REDIS_APP_PASSWORD: '' }]])('missing in %j: the variable is named', async (env) => {
    expect(() => readLogin(stack, env)).toThrow(badEnvironment('REDIS_APP_PASSWORD'));
    await expect(connectStandalone(stack, { env })).rejects.toEqual(badEnvironment('REDIS_APP_PASSWORD'));
  });
});

describe('encryption', () => {
  const authority = createAuthority();
  const { ca } = authority;
  const client = authority.sign('client');
  const other = authority.sign('other');
  afterAll(() => authority.remove());
  const read = (env: Environment) => readLogin(stack, { REDIS_APP_PASSWORD: 'x', ...env }).tls;
  const textOf = (path: string) => readFileSync(path, 'utf8');

  test.each<[Environment, unknown]>([
    [{}, undefined],
    [{ REDIS_TLS: '' }, undefined],
    [{ REDIS_TLS: 'off' }, undefined],
    [{ REDIS_TLS: 'off', REDIS_TLS_CA: ca, REDIS_TLS_CERT: client.cert }, undefined],
    [{ REDIS_TLS: 'on' }, {}],
    [{ REDIS_TLS: 'True' }, {}],
    [{ REDIS_TLS: 'on', REDIS_TLS_SERVER_NAME: 'redis.test' }, { servername: 'redis.test' }],
    [{ REDIS_TLS_CA: ca }, { ca: textOf(ca) }],
    [
      { REDIS_TLS_CA: ca, REDIS_TLS_CERT: client.cert, REDIS_TLS_KEY: client.key },
      { ca: textOf(ca), cert: textOf(client.cert), key: textOf(client.key) },
    ],
  ])('%j', (env, expected) => {
    expect(read(env)).toEqual(expected);
  });

  test.each<[string, Environment]>([
    ['REDIS_TLS', { REDIS_TLS: 'maybe' }],
    ['REDIS_TLS_CA', { REDIS_TLS_CA: '/nowhere/ca.crt' }],
    ['REDIS_TLS_CA', { REDIS_TLS_CA: authority.write('empty', '') }],
    ['REDIS_TLS_CA', { REDIS_TLS_CA: client.key }],
    ['REDIS_TLS_KEY', { REDIS_TLS_CA: ca, REDIS_TLS_CERT: client.cert }],
    ['REDIS_TLS_CERT', { REDIS_TLS: 'on', REDIS_TLS_KEY: client.key }],
    ['REDIS_TLS_KEY', { REDIS_TLS_CA: ca, REDIS_TLS_CERT: client.cert, REDIS_TLS_KEY: other.key }],
    ['REDIS_TLS_CERT', { REDIS_TLS_CERT: client.cert, REDIS_TLS_KEY: client.key }],
    ['REDIS_TLS_SERVER_NAME', { REDIS_TLS_SERVER_NAME: 'redis.test' }],
  ])('%s is refused by name in %j', (name, env) => {
    expect(() => read(env)).toThrow(badEnvironment(name));
  });

  test('is what a stack with TLS asks for, in the words that it takes', () => {
    const readSecure = (env: Environment) =>
      readLogin({ ...stack, tls: true }, { REDIS_APP_PASSWORD: 'x', ...env }).tls;
    expect(() => readSecure({})).toThrow(badEnvironment('REDIS_TLS_CA is not set'));
    expect(readSecure({ REDIS_TLS_CA: ca })).toEqual({ ca: textOf(ca) });
    expect(readSecure({ REDIS_TLS: 'on' })).toEqual({});
    expect(readSecure({ REDIS_TLS: 'off' })).toBeUndefined();
  });

  test('is the same for the Sentinels', () => {
    const sentinel = sentinelStack([], 'main');
    const env = { SENTINEL_PASSWORD: 'y', REDIS_TLS_CA: ca };
    expect(readSentinelLogin(sentinel, env).tls).toEqual({ ca: textOf(ca) });
  });
});

test('each connect takes its own kind of stack only', () => {
  expectTypeOf(connectStandalone).parameter(0).toEqualTypeOf<StandaloneStack>();
  expectTypeOf(connectCluster).parameter(0).toEqualTypeOf<ClusterStack>();
  expectTypeOf(stack).not.toExtend<ClusterStack>();
});
