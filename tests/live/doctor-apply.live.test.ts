import { describe, expect, it } from 'vitest';
import { newest } from '../support/engines.ts';
import { runCommand } from '../support/run-command.ts';
import type { Server } from '../support/servers.ts';
import { give, server } from './doctor-servers.ts';
import { createStack } from './stack.ts';

const REDIS = newest('redis');
const VALKEY = newest('valkey');

const doctor = ({ port }: Pick<Server, 'port'>, user = '', ...flags: readonly string[]) =>
  runCommand(
    '/',
    ['doctor', `redis://${user}127.0.0.1:${port}`, '--keys', '0', ...flags],
    user === '' ? {} : { REDISCLI_AUTH: 'n0t-on-any-list-4418' },
  );

const limitOf = async (one: Server) => (await one.cli('CONFIG', 'GET', 'maxmemory')).split('\n')[1];

/** A server with a user who may do what these rules allow. */
async function withUser(...rules: readonly string[]): Promise<Server> {
  const one = await server(VALKEY);
  await give(one, [['ACL', 'SETUSER', 'some', 'on', '>n0t-on-any-list-4418', ...rules]]);
  return one;
}

describe('--apply', () => {
  it('gives a setting to a server of anybody, and says how to put back what was there', async () => {
    const one = await server(REDIS);
    expect(await doctor(one, '', '--apply')).toMatchObject({ code: 2, out: '' });
    expect(await limitOf(one)).toBe('0');
    const { code, out } = await doctor(one, '', '--apply', '--yes');
    // What needs a person is still there.
    expect(code).toBe(1);
    expect(out).toContain('the way back: CONFIG SET maxmemory 0');
    expect(Number(await limitOf(one))).toBeGreaterThan(0);
    expect((await doctor(one)).out).not.toContain('no-memory-limit');
  });

  it('says which setting was refused, and changes nothing where the old one is unknown', async () => {
    const one = await withUser('~*', '+@all', '-config|set');
    const { code, out } = await doctor(one, 'some@', '--apply', '--yes');
    expect(code).toBe(1);
    expect(out).toMatch(/refused .*NOPERM/);
    expect(await limitOf(one)).toBe('0');
  });

  it('brings a stack back to its files', async () => {
    const stack = await createStack(VALKEY, '--topology', 'sentinel', '--workload', 'primary-data');
    try {
      await stack.up();
      const primary = (await stack.status()).nodes.find(({ role }) => role === 'primary')?.name ?? '';
      const words = ['exec', stack.dir, '--user', 'admin', '--node', primary, '--', 'valkey-cli', 'CONFIG'];
      await stack.command(...words, 'SET', 'appendonly', 'no', 'maxmemory', '100mb');
      const applied = await stack.command('doctor', stack.dir, '--apply', '--yes');
      expect(applied.out).toMatch(/log-off-where-promised/);
      expect((await stack.command(...words, 'GET', 'appendonly')).out).toContain('yes');
      expect((await stack.command('doctor', stack.dir)).code).toBe(0);
    } finally {
      await stack.dispose();
    }
  });
});

describe('what cannot be seen', () => {
  it('a wrong password, and a server that says nothing but PONG, are bad input', async () => {
    const one = await withUser('-@all', '+ping');
    expect(await doctor(one, 'nobody@')).toMatchObject({
      code: 2,
      err: expect.stringContaining('refuses this login'),
    });
    const silent = await doctor(one, 'some@');
    expect(silent.code).toBe(2);
    expect(silent.err).toContain('error:');
  });

  it('one that only tells INFO is judged by it, and the rule that would show the rest is named', async () => {
    const one = await withUser('-@all', '+ping', '+info');
    const { code, out } = await doctor(one, 'some@');
    expect(code).toBe(1);
    expect(out).toContain('no-memory-limit');
    expect(out).toMatch(/ACL SETUSER some .*\+config\|get/);
  });

  it('a command that is renamed away is no reason to fail', async () => {
    const one = await server(REDIS, ['rename-command', 'CONFIG', ''], ['rename-command', 'SLOWLOG', '']);
    const { code, out } = await doctor(one);
    expect(code).toBe(1);
    expect(out).toContain('Could not see');
    expect(out).toContain('its settings');
  });
});
