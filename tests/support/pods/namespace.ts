import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../until.ts';
import type { Controller } from './controllers.ts';
import { Dns } from './dns.ts';
import { Endings } from './endings.ts';
import { addressesOf, routesOf } from './endpoints.ts';
import { Engine, type Said } from './engine.ts';
import { serviceLinks } from './env.ts';
import { runJob, runPod } from './jobs.ts';
import { Network } from './network.ts';
import { readObjects } from './objects.ts';
import { Pod } from './pod.ts';
import type { KillOptions, PodOrder } from './pod-home.ts';
import type { Route } from './proxy.ts';
import { Release } from './release.ts';
import { Store } from './store.ts';
import { remove, sweep } from './sweep.ts';
import { Volumes } from './volumes.ts';

export interface NamespaceOptions {
  /** What `docker` needs to find its engine. */
  readonly env: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly clusterDomain?: string;
}

const PREFIX = 'pods';
const TICK_MS = 200;
let count = 0;

/**
 * One namespace of a cluster with one node: what `helm template` prints is run in Docker as a kubelet, the controllers,
 * kube-proxy and the DNS of a cluster would. README.md in this folder says what it cannot show.
 */
export class Namespace {
  readonly name: string;
  readonly dns: Dns;
  readonly #engine: Engine;
  readonly #network: Network;
  readonly #endings: Endings;
  readonly #volumes: Volumes;
  readonly #store: Store;
  readonly #folder: string;
  readonly #domain: string;
  readonly #ownRoutes: Route[] = [];
  readonly #pods = new Set<Pod>();
  readonly #apiServer: string;
  readonly #release: Release;
  #fault: unknown;
  #timer: NodeJS.Timeout | undefined;

  private constructor(engine: Engine, network: Network, options: NamespaceOptions) {
    this.name = options.name ?? 'shop';
    this.#domain = `${this.name}.svc.${options.clusterDomain ?? 'cluster.local'}`;
    this.#engine = engine;
    this.#network = network;
    this.#folder = mkdtempSync(join(tmpdir(), `${network.id}-`));
    this.#endings = new Endings(engine, network.id);
    this.#store = new Store(
      (order) => this.#make(order),
      () => network.serviceAddress(),
    );
    this.#release = new Release(this.name, this.#store, (order) => this.#make(order));
    this.#volumes = new Volumes(engine, network.id, this.#folder, this.#store.filesOf);
    this.dns = new Dns((name) => addressesOf(name, this.#domain, this.#store.services, this.pods));
    this.#apiServer = network.serviceAddress();
  }

  /** An empty namespace. Close it in any case: containers, volumes, the network and rules go with it. */
  static async open(options: NamespaceOptions): Promise<Namespace> {
    const engine = new Engine(options.env);
    await sweep(engine, PREFIX);
    const network = await Network.open(engine, `${PREFIX}${process.pid}x${count++}`);
    const namespace = new Namespace(engine, network, options);
    try {
      await namespace.#begin(options.clusterDomain ?? 'cluster.local');
    } catch (error) {
      await namespace.close();
      throw error;
    }
    return namespace;
  }

  async #begin(domain: string): Promise<void> {
    const { gateway } = this.#network;
    const ip = this.#network.serviceAddress();
    const port = await this.dns.listen(gateway);
    this.#ownRoutes.push(
      { ip, port: { port: 53, protocol: 'UDP' }, endpoints: [`${gateway}:${port}`] },
      { ip: this.#apiServer, port: { port: 443, protocol: 'TCP' }, endpoints: [] },
    );
    const search = `search ${this.#domain} svc.${domain} ${domain}`;
    writeFileSync(this.#resolvConf, `${search}\nnameserver ${ip}\noptions ndots:5\n`);
    await this.#sync();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get #resolvConf(): string {
    return join(this.#folder, 'resolv.conf');
  }

  /** As `helm install --wait --wait-for-jobs`. */
  async install(objects: readonly unknown[], timeoutMs = 60_000): Promise<void> {
    await this.#change(objects, ['pre-install', 'post-install'], timeoutMs);
  }

  /** As `helm upgrade --wait --wait-for-jobs`. */
  async upgrade(objects: readonly unknown[], timeoutMs = 120_000): Promise<void> {
    await this.#change(objects, ['pre-upgrade', 'post-upgrade'], timeoutMs);
  }

  async #change(
    objects: readonly unknown[],
    [before, after]: readonly [string, string],
    timeoutMs: number,
  ): Promise<void> {
    const jobs = await this.#release.replace(objects, before);
    for (const pod of this.#pods) pod.refreshFiles();
    this.#tick();
    await this.waitReady(timeoutMs);
    await Promise.all(jobs);
    await this.#release.runHooks(after);
  }

  /** As `helm test`; gives what the tests said. */
  async test(): Promise<string> {
    return await this.#release.runHooks('test');
  }

  /** Runs a Pod that ends by itself, such as a client; gives what it said, and rejects with that where it fails. */
  async runPod(object: unknown): Promise<string> {
    const [spec] = readObjects([object], this.name);
    if (spec?.kind !== 'Pod') throw new Error('a Pod is expected');
    return await runPod(spec, (order) => this.#make(order));
  }

  /** Runs a CronJob once, now; gives what it said. */
  async runCronJob(name: string): Promise<string> {
    const found = this.#store.cronJobs.get(name);
    if (!found) throw new Error(`there is no CronJob ${name}`);
    return await runJob(found.job, (order) => this.#make(order));
  }

  /** Waits until every pod that is wanted is there, ready, and of the present template. Says what is missing otherwise. */
  async waitReady(timeoutMs = 60_000): Promise<void> {
    try {
      await until('every pod to be ready', () => this.#isSettled(), { timeoutMs, everyMs: 100 });
    } catch (cause) {
      throw new Error(`The namespace is not ready.\n${await this.describe()}`, { cause });
    }
  }

  #isSettled(): boolean {
    const { controllers } = this.#store;
    return controllers.every((one: Controller) => one.isSettled) && controllers.length > 0;
  }

  /** All pods, and the end of the logs of those that are not ready. */
  async describe(): Promise<string> {
    const lines = await Promise.all(this.pods.map((pod) => pod.describeAtLength()));
    return [...lines, this.#fault ?? ''].join('\n');
  }

  get pods(): readonly Pod[] {
    return [...this.#pods];
  }

  pod(name: string): Pod {
    const found = this.pods.findLast((pod) => pod.name === name && !pod.isGone);
    if (!found) throw new Error(`there is no pod ${name}`);
    return found;
  }

  /** The address of a Service. */
  address(service: string): string {
    const found = this.#store.services.get(service);
    if (!found) throw new Error(`there is no Service ${service}`);
    return found.ip;
  }

  /** As `kubectl delete pod`: stopped in good order; its owner makes another one. */
  async deletePod(name: string): Promise<void> {
    await this.pod(name).delete();
  }

  /** All processes of a pod end by SIGKILL; another pod comes under another address. */
  async killPod(name: string, options?: KillOptions): Promise<void> {
    await this.pod(name).kill(options);
  }

  /** Ends a container by SIGKILL; the pod stays and starts it again. */
  async crash(pod: string, container?: string): Promise<void> {
    await this.#engine.docker('kill', this.pod(pod).container(container).name);
  }

  /** Ends every pod at the same time, `abrupt`ly or in good order; all come back under other addresses. */
  async restartAll({ abrupt }: { readonly abrupt: boolean }): Promise<void> {
    await Promise.all(this.pods.map((pod) => (abrupt ? pod.kill() : pod.delete())));
  }

  /** The next pod that has this claim gets an empty volume. */
  emptyVolume(claim: string): void {
    this.#volumes.condemn(claim);
  }

  async exec(pod: string, container: string | undefined, command: readonly string[]): Promise<Said> {
    return await this.#engine.ask(['exec', this.pod(pod).container(container).name, ...command]);
  }

  async logs(pod: string, container?: string): Promise<string> {
    return await this.pod(pod).container(container).logs();
  }

  #make(order: PodOrder): Pod {
    const pod = new Pod(order, {
      engine: this.#engine,
      network: this.#network,
      volumes: this.#volumes,
      name: this.name,
      resolvConf: this.#resolvConf,
      files: this.#store.filesOf,
      links: () => serviceLinks([this.#kubernetes, ...this.#store.linked]),
      whenDone: (name, done) => this.#endings.whenDone(name, done),
      changed: () => this.#changed(),
    });
    this.#pods.add(pod);
    return pod;
  }

  /** Every pod has variables for the API server, wherever it lives. */
  get #kubernetes() {
    const port = { name: 'https', port: 443, target: 443, protocol: 'TCP' } as const;
    return { name: 'kubernetes', ip: this.#apiServer, ports: [port] };
  }

  #changed(): void {
    for (const pod of this.#pods) if (pod.isGone) this.#pods.delete(pod);
    this.#sync().catch((error: unknown) => {
      this.#fault = error;
    });
  }

  #tick(): void {
    try {
      this.#store.tick();
      this.#changed();
    } catch (error) {
      this.#fault = error;
    }
  }

  async #sync(): Promise<void> {
    const { services, policies } = this.#store;
    const routes = [...services.values()].flatMap(({ spec, ip }) => routesOf(spec, ip, this.pods));
    const pods = this.pods.filter(({ isPlaced }) => isPlaced).map((pod) => pod.asPeer);
    await this.#network.apply([...this.#ownRoutes, ...routes], [...policies.values()], pods);
  }

  /** As `helm uninstall`: everything goes, claims stay. */
  async uninstall(timeoutMs = 60_000): Promise<void> {
    await this.#release.replace([], 'pre-delete');
    this.#tick();
    const isEmpty = () => this.#pods.size === 0;
    await until('every pod to be gone', isEmpty, { timeoutMs, everyMs: 100 });
  }

  /** Ends everything at once and leaves nothing behind. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.pods.map((pod) => pod.kill().catch(() => undefined)));
    await this.#endings.close();
    await this.dns.close().catch(() => undefined);
    await this.#network.close();
    await remove(this.#engine, this.#network.id);
  }
}
