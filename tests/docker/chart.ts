import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { inject } from 'vitest';
import type { StackModel } from '../../src/model/types.ts';
import { passwordEnv } from '../../src/model/users.ts';
import { generate } from '../../src/pipeline.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { SpecInput } from '../../src/spec/schema.ts';
import { secretUsers } from '../../src/targets/docs/views.ts';
import { IMAGES } from '../../src/targets/images.ts';
import { bringImages } from '../engines/images.mjs';
import { emitChart } from '../helm/emit.ts';
import { render } from '../helm/helm.ts';
import { newest } from '../support/engines.ts';
import { Namespace } from '../support/pods/namespace.ts';
import { whyNoNetwork } from '../support/pods/network.ts';
import { parseManifests } from '../support/pods/objects.ts';
import { type Toll, underTraffic } from '../support/under-traffic.ts';
import { newestImage } from './stack.ts';

/** Why charts cannot be run here, or undefined. In CI that is a failure. */
export const whyNoCharts: string | undefined = whyNoNetwork();
if (whyNoCharts !== undefined) {
  const said = `Charts cannot be run: ${whyNoCharts}.`;
  if (process.env.CI) throw new Error(said);
  process.stdout.write(`${said}\n`);
}

type Values = Readonly<Record<string, unknown>>;

/** The chart of a stack called shop, installed into a namespace of its own. */
export interface Chart {
  readonly namespace: Namespace;
  readonly model: StackModel;
  install(values?: Values, timeoutMs?: number): Promise<void>;
  upgrade(values?: Values, timeoutMs?: number): Promise<void>;
  /** `helm test`; gives what it said. */
  test(): Promise<string>;
  /** Asks the server of a pod as admin, by the words that the chart's own notes give to a person. */
  ask(pod: string, ...words: readonly string[]): Promise<string>;
  /** Asks through a Service of the release, as the application's user, from this machine. */
  askService(service: string, port: number, ...words: readonly string[]): Promise<string>;
  /** Says PING to a Service from a pod of its own with these labels; gives the answer, and rejects where nobody lets it in. */
  pingFrom(labels: Values, service: string, port: number): Promise<string>;
  /** Names of the pods whose server is a primary. */
  primaries(): Promise<readonly string[]>;
  /** How many keys of the application the primaries have. */
  keys(): Promise<number>;
  /** Writes as an application does while something happens; `at` is where it first asks, `service:port`. */
  traffic(at: readonly string[], strike: () => Promise<unknown>): Promise<Toll>;
  dispose(): Promise<void>;
}

/** HAProxy as Debian has it, where its own image cannot be pulled. */
export async function bringProxyImage(): Promise<void> {
  const wanted = {
    image: IMAGES.haproxy,
    suite: 'trixie',
    packages: ['haproxy'],
    dockerfile: ['CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'],
    proof: ['haproxy', '-v'],
    says: /HAProxy version/,
  };
  await bringImages(inject('docker'), [wanted]);
}

const DATA_NODE = /-(node|shard-\d+)-\d+$/;

const passwordOf = (user: string): string => `password-of-${user}`;

/** A Secret, as people make it beside the chart. */
export interface Secret {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

/** A chart and an empty namespace; nothing is installed yet. `env` is what its client needs beside password and addresses. */
export async function openChart(
  engine: 'redis' | 'valkey',
  input: SpecInput,
  { secrets = [], env: more = {} }: { secrets?: readonly Secret[]; env?: Record<string, string> } = {},
): Promise<Chart> {
  const home = mkdtempSync(join(tmpdir(), 'chart-'));
  const { line } = newestImage(engine, { withTls: input.security?.tls === true });
  const whole: SpecInput = {
    ...input,
    engine: { name: engine, version: line },
    targets: ['helm', ...(input.targets ?? [])],
  };
  const { model } = generate(expectValue(parseSpec({ name: 'shop', ...whole }, 'shop')).spec);
  const chart = emitChart(home, whole);
  const namespace = await Namespace.open({ env: inject('docker'), name: 'data' });
  const objects = async (values: Values): Promise<readonly unknown[]> => {
    const said = await render(home, { helm: 'helm', chart, values });
    if (!said.ok) throw new Error(said.stderr);
    return [passwords(model), ...secrets.map(secretObject), ...parseManifests(said.stdout)];
  };
  const ask: Chart['ask'] = async (pod, ...words) => {
    const said = await namespace.exec(pod, 'server', ['sh', '/stack/scripts/pod.sh', 'cli', '-e', ...words]);
    if (said.code !== 0) throw new Error(`${pod}: ${words.join(' ')}: ${said.out} ${said.err}`);
    return said.out.trim();
  };
  const primaries: Chart['primaries'] = async () => {
    const servers = namespace.pods.filter(({ name, isStarted }) => isStarted && DATA_NODE.test(name));
    const roles = await Promise.all(servers.map(({ name }) => ask(name, 'ROLE').catch(() => '')));
    return servers.filter((_, i) => roles[i]?.startsWith('master')).map(({ name }) => name);
  };
  return {
    namespace,
    model,
    primaries,
    pingFrom: (labels, service, port) => {
      const { image } = namespace.pods[0]?.containers[0]?.spec ?? {};
      const command = [model.engine.cli, '-t', '2', '-h', service, '-p', String(port), 'PING'];
      const spec = {
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        containers: [{ name: 'client', image, command }],
      };
      return namespace.runPod({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'client', labels }, spec });
    },
    keys: async () => {
      const lists = await Promise.all((await primaries()).map((name) => ask(name, 'KEYS', 'shop:*')));
      return lists.reduce((sum, list) => sum + list.split('\n').filter((line) => line !== '').length, 0);
    },
    install: async (values = {}, timeoutMs = 120_000) =>
      await namespace.install(await objects(values), timeoutMs),
    upgrade: async (values = {}, timeoutMs = 240_000) =>
      await namespace.upgrade(await objects(values), timeoutMs),
    test: () => namespace.test(),
    ask,
    askService: async (service, port, ...words) => {
      const where = [
        '-h',
        namespace.address(service),
        '-p',
        String(port),
        '--user',
        'app',
        '--no-auth-warning',
        '-e',
      ];
      const cluster = model.spec.topology.kind === 'cluster' ? ['-c'] : [];
      const env = { REDISCLI_AUTH: passwordOf('app') };
      return String(
        (await execa(newest('redis').cli, [...where, ...cluster, ...words], { env, timeout: 10_000 })).stdout,
      );
    },
    traffic: (at, strike) => {
      const addresses = at.map((place) => {
        const [service = '', port] = place.split(':');
        return `${namespace.address(service)}:${port}`;
      });
      const login = { [passwordEnv('app')]: passwordOf('app'), REDIS_ADDRESSES: addresses.join(',') };
      const env = { ...login, ...more };
      return underTraffic(model, env, strike);
    },
    dispose: async () => {
      await namespace.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** What `kubectl create secret generic shop-passwords --from-file=...` makes. */
function passwords(model: StackModel): unknown {
  const stringData = Object.fromEntries(
    secretUsers(model).map(({ name }) => [name, `${passwordOf(name)}\n`]),
  );
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop-passwords' }, stringData };
}

const secretObject = ({ name, data }: Secret): unknown => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: data,
});
