import { describe, expect, test } from 'vitest';
import { canonical, parseAnnouncement } from '../src/announcement.js';
import type { StackDescription } from '../src/description.js';
import { clusterStack, sentinelStack, standaloneStack } from './stacks.ts';

const home = standaloneStack({ port: 6379 });
const watched = { ...sentinelStack([{ port: 26379 }], 'mymaster'), sentinelPasswordEnv: home.passwordEnv };
const textOf = (stack: object, more: object = {}) => JSON.stringify({ format: 1, id: 'a1', stack, ...more });

describe('what is announced', () => {
  test.each<StackDescription>([
    home,
    watched,
    clusterStack([{ port: 7001 }, { port: 7002 }]),
    { ...home, tls: true },
    { ...home, network: { ...home.network, addressMap: { 'redis:6379': { host: 'redis', port: 6379 } } } },
  ])('is read as it was written: $kind', (stack) => {
    expect(parseAnnouncement(textOf(stack), home)).toEqual({ id: 'a1', stack });
  });

  test('may name the password of the Sentinels that is known already', () => {
    const stack = sentinelStack([{ port: 26379 }], 'mymaster');
    expect(parseAnnouncement(textOf(stack), stack).stack).toEqual(stack);
    expect(() => parseAnnouncement(textOf(stack), home)).toThrow('another login');
  });

  const { host, ...blind } = home;
  const at = (address: object) => ({ ...home, host: { addresses: [address], addressMap: {} } });
  test.each<readonly [string, string, string]>([
    ['no JSON', 'garbage', 'not of format 1'],
    ['a list', '[]', 'not of format 1'],
    ['nothing', 'null', 'not of format 1'],
    ['a later format', textOf(home, { format: 2 }), 'not of format 1'],
    ['no id', textOf(home, { id: '' }), 'not of format 1'],
    ['no stack', textOf([]), 'does not describe'],
    ['an unknown kind', textOf({ ...home, kind: 'ring' }), 'does not describe'],
    ['a Sentinel stack without a name', textOf({ ...watched, primaryName: undefined }), 'does not describe'],
    ['one view', textOf(blind), 'does not describe'],
    ['no addresses', textOf({ ...home, host: { ...host, addresses: [] } }), 'does not describe'],
    ['no host', textOf(at({ port: 6379 })), 'does not describe'],
    ['a port that is none', textOf(at({ host: 'redis', port: 70_000 })), 'does not describe'],
    ['a map to nowhere', textOf({ ...home, host: { ...host, addressMap: { a: 1 } } }), 'does not describe'],
    ['encryption that is no switch', textOf({ ...home, tls: 'yes' }), 'does not describe'],
    ['other keys', textOf({ ...home, keyPrefix: 'other:' }), 'another login'],
    ['another user', textOf({ ...home, user: 'admin' }), 'another login'],
    ['another secret', textOf({ ...home, passwordEnv: 'AWS_SECRET' }), 'another login'],
    [
      'another secret for Sentinels',
      textOf({ ...watched, sentinelPasswordEnv: 'AWS_SECRET' }),
      'another login',
    ],
  ])('is refused with %s', (_what, text, why) => {
    expect(() => parseAnnouncement(text, home)).toThrow(expect.objectContaining({ code: 'redis/not-moved' }));
    expect(() => parseAnnouncement(text, home)).toThrow(why);
  });

  test('never takes encryption away', () => {
    expect(() => parseAnnouncement(textOf(home), { ...home, tls: true })).toThrow('without encryption');
  });
});

test('descriptions are compared by what they say, not by the order in which they say it', () => {
  const turned = Object.fromEntries(Object.entries(home).reverse());
  expect(JSON.stringify(turned)).not.toBe(JSON.stringify(home));
  expect(canonical(turned)).toBe(canonical(home));
  expect(canonical({ ...home, network: standaloneStack({ port: 6380 }).network })).not.toBe(canonical(home));
});
