import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { renewCertificates } from '../../src/local/certificates/renew.ts';
import { findRunning } from '../../src/local/running.ts';
import { servedSerial } from '../../src/redis/handshake.ts';
import { randomBytes, realFiles, type System } from '../../src/system.ts';
import { CA_CERTIFICATE } from '../../src/workspace/paths.ts';
import { openModel } from '../support/open-model.ts';
import {
  compileClient,
  createStack,
  type DockerStack,
  dockerEnvironment,
  type NodeRow,
  newestImage,
} from './stack.ts';

const stacks: DockerStack[] = [];

afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

/** True where a server answers without encryption. */
function answersPlain({ host, port }: NodeRow): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectPlain({ host, port }, () => socket.write('PING\r\n'));
    socket.once('data', (bytes) => resolve(/^[-+]/.test(String(bytes))));
    for (const end of ['error', 'close'] as const) socket.once(end, () => resolve(false));
    socket.once('data', () => socket.destroy());
  });
}

const system: System = {
  files: realFiles,
  cwd: '/',
  get env() {
    return dockerEnvironment();
  },
  interactive: false,
  randomBytes,
  out: () => undefined,
  err: () => undefined,
};

async function renew(dir: string): Promise<void> {
  const model = openModel(dir);
  const running = await findRunning(system, dir, model);
  expect(running?.kind).toBe('compose');
  await renewCertificates(system, dir, model, running, { timeoutSeconds: 60, onProgress: () => undefined });
}

let served = 0;

/** Writes and reads through the emitted client. */
async function expectService(work: DockerStack['work']): Promise<void> {
  const prefix = `p${served++}`;
  const writing = work('write', prefix, '5');
  // It stops after what it is at, which is the first key.
  writing.stdin?.end();
  await writing;
  expect(JSON.parse(String((await work('verify', prefix, '1')).stdout))).toEqual({ lost: [] });
}

const other = (library: string) => (library === 'ioredis' ? 'node-redis' : 'ioredis');
const rows = [
  { kind: 'standalone', image: newestImage('valkey'), library: 'ioredis' },
  { kind: 'sentinel', image: newestImage('redis', { withTls: true }), library: 'node-redis' },
  { kind: 'cluster', image: newestImage('valkey'), library: 'ioredis' },
] as const;

describe('TLS in Compose', () => {
  it.each(rows)(
    '$kind: by name inside, by the map outside, renewed in place',
    async ({ kind, image, library }) => {
      const stack = await createStack(image, '--tls', '--topology', kind, '--library', library);
      stacks.push(stack);
      await stack.up();
      await compileClient(stack.dir);
      const { nodes, ready } = await stack.status();
      expect(ready).toBe(true);
      expect(await Promise.all(nodes.map(answersPlain))).toEqual(nodes.map(() => false));
      for (const work of [stack.work, stack.workInside]) await expectService(work);
      // The other library checks the name of what it dials by code of its own.
      await stack.command('update', stack.dir, '--library', other(library));
      await compileClient(stack.dir);
      for (const work of [stack.work, stack.workInside]) await expectService(work);

      // A container has its own key and no other, and nobody has that of the authority.
      const [first = { name: '' }] = nodes;
      const seen = (await stack.docker('exec', stack.container(first.name), 'ls', '/run/secrets')).split(
        '\n',
      );
      expect(seen.filter((name) => name.startsWith('tls')).sort()).toEqual([
        'tls-ca.crt',
        'tls.crt',
        'tls.key',
      ]);

      const ca = readFileSync(join(stack.dir, CA_CERTIFICATE), 'utf8');
      const serials = () => Promise.all(nodes.map((node) => servedSerial(node, ca)));
      const before = await serials();
      await renew(stack.dir);
      expect(new Set([...before, ...(await serials())]).size).toBe(2 * nodes.length);
      expect((await stack.status()).ready).toBe(true);
      await expectService(stack.work);
    },
  );
});
