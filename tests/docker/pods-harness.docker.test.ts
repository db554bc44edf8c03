import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Namespace } from '../support/pods/namespace.ts';
import { whyNoNetwork } from '../support/pods/network.ts';
import { parseManifests, readObjects } from '../support/pods/objects.ts';
import { guard, toy } from '../support/pods/toy.ts';
import { until } from '../support/until.ts';
import { newestImage } from './stack.ts';

const image = `redis:${newestImage('redis').line}`;
const reason = whyNoNetwork();
if (reason !== undefined) {
  const said = `The pods cannot be tested: ${reason}.`;
  if (process.env.CI) throw new Error(said);
  process.stdout.write(`${said}\n`);
}

const manifest = (options?: { greeting?: string; extra?: string }) => toy(image, options);
const objects = (options?: Parameters<typeof manifest>[0]) => parseManifests(manifest(options));

describe('a manifest that is not understood is refused, with its place', () => {
  const refuse = (from: string, to: string) => {
    expect(manifest()).toContain(from);
    return expect(() => readObjects(parseManifests(manifest().replace(from, to)), 'shop'));
  };

  it.each([
    [
      'a field that does not exist',
      'readOnlyRootFilesystem',
      'readOnlyRootFileSystem',
      /readOnlyRootFileSystem/,
    ],
    ['a kind that is not built', 'kind: ConfigMap', 'kind: DaemonSet', /does not know 'DaemonSet'/],
    ['a selector of other pods', 'matchLabels: { app: toy }', 'matchLabels: { app: boy }', /does not select/],
    ['a mount of no volume', '{ name: tmp, mountPath', '{ name: tmpp, mountPath', /no volume 'tmpp'/],
    ['root where it is forbidden', 'runAsUser: 999', 'runAsUser: 0', /runAsUser that is not 0/],
    ['a token for an API server', 'automountServiceAccountToken: false', '', /must be false/],
    ['a number as a string', 'replicas: 2', 'replicas: "2"', /whole number/],
    ['a part of a volume', 'mountPath: /files', 'mountPath: /files, subPath: bin', /subPath/],
    ['more than is allowed', 'requests: { memory: 64Mi', 'requests: { memory: 65Mi', /more memory/],
  ])('%s', (_title, from, to, message) => {
    refuse(from, to).toThrow(message);
  });
});

describe.skipIf(reason !== undefined)('pods of a toy chart', () => {
  let shop: Namespace;

  beforeAll(async () => {
    shop = await Namespace.open({ env: inject('docker') });
    await shop.install(objects(), 30_000);
  });
  afterAll(async () => await shop?.close());

  const inside = async (pod: string, script: string) => {
    const { code, out, err } = await shop.exec(pod, 'server', ['sh', '-c', script]);
    return code === 0 ? out.trim() : `${code} ${err.trim()}`;
  };
  const whoAnswers = async (from: string, host: string, port: number) => {
    const ask = `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do redis-cli -t 1 -h ${host} -p ${port} GET me; done 2>&1 | sort -u`;
    return (await inside(from, ask)).split('\n').filter((line) => line !== '');
  };

  it('have the environment, the files and the rights that their manifest gives', async () => {
    expect(await inside('toy-0', 'echo $SENTENCE, $WORD, $(hostname), $(id -u):$(id -g)')).toBe(
      'toy-0 says hello $(POD) $(NOBODY), open sesame, toy-0, 999:999',
    );
    expect(await inside('toy-0', 'cat /files/word; stat -L -c %a:%g /files/word /files/bin/run.sh')).toBe(
      'open sesame440:999\n540:999',
    );
    expect(
      await inside(
        'toy-0',
        'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true',
      ),
    ).toBe(`${64 * 2 ** 20}`);
    expect(await inside('toy-0', 'touch /here')).toContain('Read-only');
    expect(await inside('toy-0', 'touch /files/here')).toContain('Read-only');
    expect(await inside('toy-0', 'stat -c %u:%g:%a /data')).toBe('0:999:2775');
    expect(await inside('toy-0', 'grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status')).toMatch(
      /0{16}\nNoNewPrivs:\s1/,
    );
  });

  it('are reached through a Service, by its variables and by its name, also by themselves', async () => {
    for (const pod of ['toy-0', 'toy-1']) expect(await inside(pod, `redis-cli SET me ${pod}`)).toBe('OK');
    expect(await inside('toy-0', 'echo $TOY_SERVICE_HOST:$TOY_SERVICE_PORT')).toBe(
      `${shop.address('toy')}:80`,
    );
    expect(await whoAnswers('toy-0', '$TOY_SERVICE_HOST', 80)).toEqual(['toy-0', 'toy-1']);
    expect(await whoAnswers('toy-0', 'toy', 80)).toEqual(['toy-0', 'toy-1']);
    expect(await whoAnswers('toy-1', 'toy-0.toy-all', 6379)).toEqual(['toy-0']);
    expect(await inside('toy-0', 'getent hosts toy-5.toy-all')).toMatch(/^2/);
  });

  it('are not routed to while they are not ready, and nobody is there when none is', async () => {
    await inside('toy-1', 'touch /tmp/busy');
    await until('toy-1 is not ready', () => !shop.pod('toy-1').isReady);
    expect(await whoAnswers('toy-1', 'toy', 80)).toEqual(['toy-0']);
    expect(await inside('toy-0', 'getent ahostsv4 toy-all | cut -d " " -f 1 | sort -u | wc -l')).toBe('2');
    await inside('toy-0', 'touch /tmp/busy');
    await until('toy-0 is not ready', () => !shop.pod('toy-0').isReady);
    expect(await inside('toy-1', 'redis-cli -t 4 -h toy -p 80 PING')).toContain('Connection refused');
    for (const pod of ['toy-0', 'toy-1']) await inside(pod, 'rm /tmp/busy');
    await shop.waitReady(5000);
  });

  it('let in whom their policy names, until it is gone', async () => {
    const policy = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: toy }
spec:
  podSelector: { matchLabels: { app: toy } }
  ingress:
    - from: [{ podSelector: { matchLabels: { friend: 'yes' } } }]
      ports: [{ port: server }]
`;
    const ask = (friend: string) =>
      shop.runPod({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'client', labels: { friend } },
        spec: {
          automountServiceAccountToken: false,
          restartPolicy: 'Never',
          containers: [
            { name: 'client', image, command: ['redis-cli', '-t', '1', '-h', 'toy', '-p', '80', 'PING'] },
          ],
        },
      });
    await shop.upgrade(objects({ extra: policy }), 5000);
    expect(await ask('yes')).toContain('PONG');
    await expect(ask('no')).rejects.toThrow(/Could not connect/);
    // What comes through the Service to a pod itself is nobody's business.
    expect(await whoAnswers('toy-0', 'toy-0.toy-all', 6379)).toEqual(['toy-0']);
    expect(await inside('toy-0', 'redis-cli -t 1 -h toy-1.toy-all PING')).toContain('Could not connect');
    await shop.upgrade(objects(), 5000);
    expect(await ask('no')).toContain('PONG');
  });

  it('hear nothing from a DNS that is silent', async () => {
    shop.dns.silent = true;
    expect(await inside('toy-0', 'timeout 2 getent hosts toy')).toMatch(/^124/);
    expect(await whoAnswers('toy-0', '$TOY_SERVICE_HOST', 80)).toEqual(['toy-0', 'toy-1']);
    shop.dns.silent = false;
  });

  it('are started again when they are not alive', async () => {
    await inside('toy-0', 'touch /tmp/dead');
    await until('a restart', () => shop.pod('toy-0').restarts === 1);
    await until('it is back', () =>
      shop.exec('toy-0', 'server', ['rm', '/tmp/dead']).then(({ code }) => code === 0),
    );
    await shop.waitReady(10_000);
    expect(shop.pod('toy-0').restarts).toBe(1);
  });

  it('stop with their hook first, and come back elsewhere with their data', async () => {
    const before = shop.pod('toy-1').ip;
    await shop.deletePod('toy-1');
    await shop.waitReady(10_000);
    expect(await inside('toy-1', 'cat /data/end')).toBe('hook\nterm');
    expect(await inside('toy-1', 'wc -l < /data/starts')).toBe('2');
    expect(shop.pod('toy-1').ip).not.toBe(before);

    await shop.killPod('toy-1');
    await shop.waitReady(10_000);
    expect(await inside('toy-1', 'cat /data/end')).toBe('hook\nterm');

    shop.emptyVolume('data-toy-1');
    await shop.deletePod('toy-1');
    await shop.waitReady(10_000);
    expect(await inside('toy-1', 'ls -A /data')).toBe('lost+found\nstarts');
    expect(await inside('toy-0', 'wc -l < /data/end')).toBe('2');
  });

  it('are upgraded one after the other, unless a hook or the API server says no', async () => {
    await expect(shop.upgrade(objects({ extra: guard(image, 'echo not now; exit 3') }))).rejects.toThrow(
      /ended with 3:\nnot now/,
    );
    const other = manifest({ greeting: 'goodbye' });
    await expect(shop.upgrade(parseManifests(other.replace('Parallel', 'OrderedReady')))).rejects.toThrow(
      /cannot be changed/,
    );
    const uids = () => ['toy-0', 'toy-1'].map((name) => shop.pod(name).uid);
    const before = uids();
    const rolling = shop.upgrade(parseManifests(other + guard(image, 'exit 0')), 30_000);
    await until('the last one to go first', () => uids()[1] !== before[1], { everyMs: 20 });
    expect(uids()[0]).toBe(before[0]);
    await rolling;
    expect(uids()[0]).not.toBe(before[0]);
    expect(await inside('toy-0', 'echo $GREETING')).toBe('goodbye');
  });
});
