import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeOnLoopback } from '../../src/local/place.ts';
import { buildModel } from '../../src/model/build.ts';
import { EXPORTER_USER, exporterAddress, exporterPasswords } from '../../src/model/monitoring.ts';
import type { StackModel, StackNode } from '../../src/model/types.ts';
import { expectValue } from '../../src/problem.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { readSpecText } from '../../src/spec/read.ts';
import { alertFacts } from '../../src/targets/monitoring/facts.ts';
import { type Places, probeConfig, prometheusConfig } from '../../src/targets/monitoring/prometheus.ts';
import { ruleGroups } from '../../src/targets/monitoring/rule-file.ts';
import type { AlertFacts, Clock } from '../../src/targets/monitoring/rules/types.ts';
import { tool } from '../support/engines.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { end, launch } from '../support/process.ts';
import { until } from '../support/until.ts';
import type { Stack } from './stack.ts';

/** The same rules, a minute in two seconds; ages, which servers count in whole seconds, in half a second. */
const FAST: Clock = {
  lasts: (seconds) => `${Math.max(1, Math.round(seconds / 30))}s`,
  window: (seconds) => `${Math.max(10, Math.round(seconds / 30))}s`,
  age: (seconds) => Math.max(6, Math.round(seconds / 120)),
};

export interface Watched {
  readonly stack: Stack;
  /** As it runs here. */
  readonly model: StackModel;
  readonly facts: AlertFacts;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A real Prometheus that looks at native stacks through real exporters, once a second. */
export interface Watch {
  readonly stacks: readonly Watched[];
  query(expr: string): Promise<readonly Sample[]>;
  /** Alerts of a stack, pending ones included, by name. */
  alerts(stack: string): Promise<readonly Alert[]>;
  /** Waits until this alert fires on the stack, and gives it. */
  firing(stack: string, name: string, timeoutMs?: number): Promise<Alert>;
  /** Waits until this alert is gone again. */
  quiet(stack: string, name: string, timeoutMs?: number): Promise<void>;
  /** Ends an exporter, and starts it again with this password. */
  exporter(stack: string, node: string): { kill(): Promise<void>; start(password?: string): Promise<void> };
  close(): Promise<void>;
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

export async function watch(stacks: readonly Stack[]): Promise<Watch> {
  const dir = mkdtempSync(join(tmpdir(), 'redis-stack-watch-'));
  const watched = stacks.map(readStack);
  const port = await freePort();
  const probe = await freePort();
  const exporters = new Map<string, Exporter>();
  for (const one of watched) {
    const ports = await freePorts(one.model.nodes.length);
    one.model.nodes.forEach((node, i) => {
      exporters.set(key(one.facts.stack, node.name), new Exporter(dir, one, node, ports[i] ?? 0));
    });
  }
  const children: ChildProcess[] = [];
  const close = async () => {
    for (const exporter of exporters.values()) await exporter.kill();
    for (const child of children) await end(child, 'SIGTERM');
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all([...exporters.values()].map((exporter) => exporter.start()));
    const placesOf = ({ facts }: Watched): Places => ({
      exporterOf: (node) => `127.0.0.1:${exporters.get(key(facts.stack, node.name))?.port}`,
      node: (node) => `127.0.0.1:${node.port}`,
      probe: `127.0.0.1:${probe}`,
    });
    if (watched.some(({ facts }) => facts.tls)) children.push(await startProbe(dir, probe));
    children.push(await startPrometheus(dir, port, watched, placesOf));
  } catch (cause) {
    await close();
    throw cause;
  }
  return face(watched, port, exporters, close);
}

const key = (stack: string, node: string): string => `${stack} ${node}`;

function face(
  stacks: readonly Watched[],
  port: number,
  exporters: ReadonlyMap<string, Exporter>,
  close: () => Promise<void>,
): Watch {
  const get = async <T>(path: string): Promise<T> => {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const body = (await reply.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  };
  const alerts = async (stack: string) =>
    (await get<{ alerts: Alert[] }>('alerts')).alerts.filter(({ labels }) => labels.stack === stack);
  const named = async (stack: string, name: string) =>
    (await alerts(stack)).find(({ labels, state }) => labels.alertname === name && state === 'firing');
  return {
    stacks,
    alerts,
    query: async (expr) =>
      (await get<{ result: Sample[] }>(`query?query=${encodeURIComponent(expr)}`)).result,
    firing: (stack, name, timeoutMs = 30_000) =>
      until(`${name} fires on ${stack}`, () => named(stack, name), { timeoutMs, everyMs: 200 }),
    quiet: async (stack, name, timeoutMs = 60_000) => {
      await until(`${name} ends on ${stack}`, async () => !(await named(stack, name)), {
        timeoutMs,
        everyMs: 200,
      });
    },
    exporter: (stack, node) => {
      const found = exporters.get(key(stack, node));
      if (!found) throw new Error(`${stack} has no node ${node}`);
      return found;
    },
    close,
  };
}

/** The stack as its spec says, with the ports that `up` chose. */
function readStack(stack: Stack): Watched {
  const text = readFileSync(join(stack.dir, 'redis-stack.yaml'), 'utf8');
  const { spec } = expectValue(parseSpec(expectValue(readSpecText(text, 'redis-stack.yaml')), 'shop'));
  const record = JSON.parse(readFileSync(join(stack.dir, '.redis-stack/run/native.json'), 'utf8')) as {
    nodes: { name: string; port: number; busPort?: number }[];
  };
  const model = placeOnLoopback(buildModel(spec), new Map(record.nodes.map((node) => [node.name, node])));
  return { stack, model, facts: alertFacts(model, FAST) };
}

/** An exporter as it runs beside a container: told by environment, its password in a file. */
class Exporter {
  #child: ChildProcess | undefined;

  constructor(
    private readonly dir: string,
    private readonly watched: Watched,
    private readonly node: StackNode,
    readonly port: number,
  ) {}

  async start(password?: string): Promise<void> {
    const { stack, model } = this.watched;
    const secret = readFileSync(join(stack.dir, '.secrets', EXPORTER_USER), 'utf8').split('\n')[0] ?? '';
    const name = `${model.spec.name}-${this.node.name}`;
    const file = join(this.dir, `${name}.json`);
    writeFileSync(
      file,
      exporterPasswords(model, password ?? secret, () => '127.0.0.1'),
    );
    const settings: Record<string, string> = {
      REDIS_ADDR: exporterAddress(model, { host: '127.0.0.1', port: this.node.port }),
      REDIS_USER: EXPORTER_USER,
      REDIS_PASSWORD_FILE: file,
      REDIS_EXPORTER_CONNECTION_TIMEOUT: '300ms',
      REDIS_EXPORTER_CONFIG_COMMAND: '-',
      REDIS_EXPORTER_WEB_LISTEN_ADDRESS: `127.0.0.1:${this.port}`,
      ...(model.spec.security.tls
        ? { REDIS_EXPORTER_TLS_CA_CERT_FILE: join(stack.dir, '.secrets/tls/ca.crt') }
        : {}),
    };
    this.#child = await launch({
      file: 'env',
      args: [
        ...Object.entries(settings).map(([variable, value]) => `${variable}=${value}`),
        tool('prometheus-redis-exporter'),
      ],
      dir: this.dir,
      logPath: join(this.dir, `${name}.log`),
      port: this.port,
    });
  }

  async kill(): Promise<void> {
    if (this.#child) await end(this.#child, 'SIGTERM');
    this.#child = undefined;
  }
}

function startProbe(dir: string, port: number): Promise<ChildProcess> {
  writeFileSync(join(dir, 'probe.yml'), JSON.stringify(probeConfig(1)));
  return launch({
    file: tool('prometheus-blackbox-exporter'),
    args: [`--config.file=${join(dir, 'probe.yml')}`, `--web.listen-address=127.0.0.1:${port}`],
    dir,
    logPath: join(dir, 'probe.log'),
    port,
  });
}

/** JSON is YAML: the settings of all stacks in one file, the rules of each in its own. */
function startPrometheus(
  dir: string,
  port: number,
  stacks: readonly Watched[],
  placesOf: (watched: Watched) => Places,
): Promise<ChildProcess> {
  const pace = { everySeconds: 1, timeoutSeconds: 1 };
  const configs = stacks.map((one) => prometheusConfig(one.model, placesOf(one), pace));
  const [first] = configs;
  if (!first) throw new Error('nothing to watch');
  mkdirSync(join(dir, 'rules'));
  for (const { facts } of stacks)
    writeFileSync(join(dir, `rules/${facts.stack}.yml`), JSON.stringify({ groups: ruleGroups(facts) }));
  const jobs = configs.flatMap((config, i) =>
    config.scrape_configs.map((job) => ({ ...job, job_name: `${job.job_name}-${i}` })),
  );
  const file = join(dir, 'prometheus.yml');
  writeFileSync(file, JSON.stringify({ ...first, rule_files: ['rules/*.yml'], scrape_configs: jobs }));
  return launch({
    file: tool('prometheus'),
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    dir,
    logPath: join(dir, 'prometheus.log'),
    port,
  });
}
