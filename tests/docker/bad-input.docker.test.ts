import { once } from 'node:events';
import { chownSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLines } from '../support/command-lines.ts';
import { newest } from '../support/engines.ts';
import { until } from '../support/until.ts';
import {
  cli,
  command,
  createStack,
  type DockerStack,
  dockerEnvironment,
  type Finished,
  newestImage,
} from './stack.ts';

interface Told {
  readonly code: string;
  readonly at: string;
  readonly message: string;
  readonly remedy: string;
}

function problems({ code, out }: Finished): readonly Told[] {
  expect(code, out).toBe(2);
  return (JSON.parse(out) as { problems: Told[] }).problems;
}

let stack: DockerStack;
const upAsks = (...words: readonly string[]) => ['up', stack.dir, '--compose', '--json', ...words];

async function nothingIsThere(): Promise<void> {
  const label = `label=com.docker.compose.project=${stack.name}`;
  for (const words of [
    ['ps', '-aq'],
    ['volume', 'ls', '-q'],
    ['network', 'ls', '-q'],
  ])
    expect(await stack.docker(...words, '--filter', label)).toBe('');
}

beforeAll(async () => {
  stack = await createStack(newestImage('redis'), '--topology', 'standalone');
});
afterAll(() => stack.dispose());

describe('no engine', () => {
  const nowhere = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

  it('is said when Compose is asked for', async () => {
    const [told] = problems(await command(upAsks(), nowhere));
    expect(told).toMatchObject({
      code: 'compose/no-engine',
      at: 'DOCKER_HOST=unix:///nowhere/docker.sock',
      remedy: expect.stringContaining('--native'),
    });
  });

  it('means plain processes where nothing is asked for, and those go on when one answers', async () => {
    const path = [newest('redis').bin, dockerEnvironment().PATH].join(delimiter);
    const env = { ...nowhere, PATH: path };
    const { code, err } = await command(['up', stack.dir], env);
    expect([code, err]).toEqual([0, 'As plain processes: the Docker engine does not answer.']);
    // It goes on as it runs, whatever answers meanwhile.
    const again = await command(['up', stack.dir], { PATH: path });
    expect([again.code, again.err]).toEqual([0, 'As plain processes: it runs natively already.']);
    const [told] = problems(await command(upAsks(), { PATH: path }));
    expect(told?.code).toBe('local/runs-otherwise');
    await command(['down', stack.dir, '--delete-data']);
  });

  it('is told apart from one that this user may not use', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can become another user');
    const copy = `${dirname(stack.dir)}/nobody/${stack.name}`;
    cpSync(stack.dir, copy, { recursive: true });
    const NOBODY = 65534;
    for (const path of ['', ...(readdirSync(copy, { recursive: true }) as string[])])
      chownSync(join(copy, path), NOBODY, NOBODY);
    const env = { ...dockerEnvironment(), HOME: copy };
    const asNobody = { uid: NOBODY, gid: NOBODY, env, extendEnv: false, reject: false } as const;
    const { stdout } = await execa('node', [cli, 'up', copy, '--compose', '--json'], asNobody);
    expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'compose/permission-denied' }] });
  });
});

describe('what would fail half way is found before anything starts', () => {
  it('a port that another program has', async () => {
    const port = Number(/STACK_PORT: "(\d+)"/.exec(readFileSync(`${stack.dir}/compose.yaml`, 'utf8'))?.[1]);
    const server = createServer();
    await once(server.listen(port, '127.0.0.1'), 'listening');
    try {
      const [told] = problems(await command(upAsks()));
      expect(told).toMatchObject({ code: 'compose/port-taken', at: `node-1, port ${port}` });
      expect(told?.remedy).toContain('--port');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await nothingIsThere();
  });

  it('an image that is nowhere', async () => {
    const override = join(stack.dir, 'compose.override.yaml');
    writeFileSync(override, 'services: { node-1: { image: "localhost:1/none:1" } }\n');
    const [told] = problems(await command(upAsks()));
    rmSync(override);
    expect(told).toMatchObject({ code: 'compose/no-image', at: 'localhost:1/none:1' });
    await command(['down', stack.dir, '--delete-data']);
    await nothingIsThere();
  });

  it('a file that Compose does not take', async () => {
    const override = join(stack.dir, 'compose.override.yaml');
    writeFileSync(override, 'services: { node-1: { depends_on: [nobody] } }\n');
    const [told] = problems(await command(upAsks()));
    rmSync(override);
    expect(told?.code).toBe('compose/refused');
    await nothingIsThere();
  });
});

describe('a stack that runs', () => {
  beforeAll(async () => {
    await stack.up();
  });

  it('holds its own ports, and goes on in Compose', async () => {
    const { code, err } = await command(['up', stack.dir]);
    expect([code, err]).toEqual([0, 'In Docker Compose: it runs in Compose already.']);
    const [told] = problems(await command(['up', stack.dir, '--native', '--json']));
    expect(told?.code).toBe('local/runs-otherwise');
  });

  it('keeps its name, its network and its containers to itself', async () => {
    const twin = `${dirname(stack.dir)}/twin/${stack.name}`;
    cpSync(stack.dir, twin, { recursive: true });
    const told = problems(await command(['up', twin, '--compose', '--json']));
    expect(told.map((one) => one.code)).toContain('compose/name-taken');
    expect(problems(await command(['down', twin, '--delete-data', '--json']))[0]?.code).toBe(
      'compose/name-taken',
    );
    expect((await stack.status()).ready).toBe(true);
  });

  it('has its subnet to itself', async () => {
    const subnet = /subnet: (\S+)/.exec(readFileSync(`${stack.dir}/compose.yaml`, 'utf8'))?.[1] ?? '';
    const other = await createStack(newestImage('redis'), '--set', `network.subnet=${subnet}`);
    const told = problems(await command(['up', other.dir, '--compose', '--json']));
    await other.dispose();
    expect(told).toMatchObject([
      { code: 'compose/subnet-taken', message: expect.stringContaining(stack.network) },
    ]);
  });

  it('answers the client that is run in it, without a password on any command line', async () => {
    const exec = (...words: readonly string[]) => command(['exec', stack.dir, ...words]);
    expect(await exec('--', 'redis-cli', 'SET', 'greeting', 'hello')).toMatchObject({ code: 0, out: 'OK' });
    expect(await exec('--user', 'admin', '--', 'redis-cli', 'CONFIG', 'GET', 'port')).toMatchObject({
      code: 0,
    });
    expect((await exec('--user', 'probe', '--', 'redis-cli', '-e', 'GET', 'greeting')).code).toBe(1);
    const waiting = exec('--', 'redis-cli', 'BLPOP', 'nothing-comes', '2');
    const seen = await until('the client runs', () => {
      const lines = commandLines();
      return lines.some((line) => /redis-cli -h .*BLPOP/.test(line)) && lines;
    });
    const password = readFileSync(`${stack.dir}/.secrets/app`, 'utf8').trim();
    expect(seen.filter((line) => line.includes(password))).toEqual([]);
    await waiting;
    const words = ['exec', stack.dir, '--json', '--', 'redis-cli', 'PING'];
    expect(JSON.parse((await command(words)).out)).toMatchObject({ code: 0, stdout: 'PONG' });
    expect(problems(await command(['exec', stack.dir, '--json', '--user', 'nobody']))[0]?.code).toBe(
      'exec/unknown-user',
    );
  });
});

describe('a lost password', () => {
  it('comes back from the other place, and the servers know it still', async () => {
    await stack.up();
    await stack.down();
    const env = readFileSync(`${stack.dir}/.env`, 'utf8');
    rmSync(`${stack.dir}/.env`);
    const [told] = problems(await command(upAsks()));
    expect(told).toMatchObject({ code: 'secrets/half-lost', at: '.env' });
    expect(told?.remedy).toContain('update');
    await command(['update', stack.dir]);
    const lines = (text: string) => text.split('\n').sort();
    expect(lines(readFileSync(`${stack.dir}/.env`, 'utf8'))).toEqual(lines(env));
    expect(statSync(`${stack.dir}/.env`).mode & 0o777).toBe(0o600);
    await stack.up();
    expect((await stack.status()).ready).toBe(true);
  });

  it('that is in neither place is said, with what new ones cost', async () => {
    await stack.down();
    rmSync(`${stack.dir}/.env`);
    rmSync(`${stack.dir}/.secrets`, { recursive: true });
    const [told] = problems(await command(upAsks()));
    expect(told).toMatchObject({ code: 'secrets/lost' });
    await command(['update', stack.dir]);
    await stack.up();
    expect((await stack.status()).nodes.map((n) => n.keys)).toEqual([1]);
  });
});
