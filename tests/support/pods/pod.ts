import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Container, type Surroundings } from './container.ts';
import type { PodFacts } from './pod-facts.ts';
import type { Home, KillOptions, PodOrder } from './pod-home.ts';
import type { PolicyPod } from './policy.ts';
import { pause } from './prober.ts';
import type { PodVolumes } from './volumes.ts';

const INIT_BACKOFF_MS = 10_000;

/** One pod from its first container to its last; under the same name another one may follow, at another address. */
export class Pod {
  readonly order: PodOrder;
  readonly uid: string = randomUUID().slice(0, 8);
  readonly ip: string;
  readonly containers: readonly Container[];
  isTerminating = false;
  isGone = false;
  /** Its network is there: the address means something. */
  isPlaced = false;
  /** The containers were started: the init containers have done their work. */
  isStarted = false;
  readySince: number | undefined;
  /** What stands in the way of running it at all. */
  fault: unknown;
  readonly #home: Home;
  readonly #inits: readonly Container[];
  readonly #sandbox: string;
  readonly #over = new AbortController();
  #volumes: PodVolumes | undefined;
  #running: Promise<void>;
  #ending: Promise<void> | undefined;

  constructor(order: PodOrder, home: Home) {
    this.order = order;
    this.#home = home;
    this.ip = home.network.podAddress();
    this.#sandbox = `${home.network.id}-${order.name}-${this.uid}`;
    const around = this.#surroundings();
    this.#inits = order.spec.inits.map((spec) => new Container(spec, around));
    this.containers = order.spec.containers.map((spec) => new Container(spec, around));
    this.#running = this.#run().catch((error: unknown) => {
      // A pod that is being taken away loses its containers while they start.
      if (!this.#over.signal.aborted) this.fault = error;
    });
  }

  get name(): string {
    return this.order.name;
  }

  get isReady(): boolean {
    return this.isStarted && this.containers.every(({ isReady }) => isReady);
  }

  get restarts(): number {
    return this.containers.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** The codes of the containers once all have ended for good. */
  get exitCodes(): readonly number[] | undefined {
    const codes = this.containers.map(({ exitCode }) => exitCode);
    const ended = codes.filter((code) => code !== undefined);
    return this.isStarted && ended.length === codes.length ? ended : undefined;
  }

  get facts(): PodFacts {
    const { labels, annotations, serviceAccount } = this.order.spec;
    const { name, network } = this.#home;
    const self = { name: this.name, namespace: name, uid: this.uid, ip: this.ip, hostIp: network.gateway };
    return { ...self, labels, annotations, serviceAccount };
  }

  /** What network policies look at. */
  get asPeer(): PolicyPod {
    const ports = new Map(this.containers.flatMap(({ spec }) => [...spec.ports]));
    return { ip: this.ip, labels: this.order.spec.labels, ports };
  }

  #surroundings(): Surroundings {
    const home = this.#home;
    const { spec } = this.order;
    return {
      engine: home.engine,
      pod: spec,
      sandbox: this.#sandbox,
      ip: this.ip,
      labels: this.#labels(),
      sources: () => this.#volumes?.sources ?? new Map(),
      resolvConf: home.resolvConf,
      context: () => ({
        facts: this.facts,
        links: spec.serviceLinks ? home.links() : new Map(),
        files: home.files,
      }),
      whenDone: home.whenDone,
      changed: () => this.#changed(),
    };
  }

  #labels(): readonly string[] {
    return ['--label', `pods-harness=${this.#home.network.id}`, '--label', `pods-pod=${this.uid}`];
  }

  #changed(): void {
    this.readySince = this.isReady ? (this.readySince ?? performance.now()) : undefined;
    this.#home.changed();
  }

  async #run(): Promise<void> {
    const { spec, claimOf = (name) => name } = this.order;
    this.#volumes = await this.#home.volumes.mount(this.facts, spec.volumes, spec.security, claimOf);
    await this.#openSandbox(this.#volumes);
    const { signal } = this.#over;
    for (const init of this.#inits) await this.#initialise(init);
    if (signal.aborted) return;
    this.isStarted = true;
    await Promise.all(this.containers.map((container) => container.keepRunning(signal)));
  }

  /** A process that does nothing holds the network of the pod, and its volumes, while containers come and go. */
  async #openSandbox(volumes: PodVolumes): Promise<void> {
    const { engine, network, resolvConf } = this.#home;
    const hostname = this.order.spec.hostname ?? this.name;
    const held = [...volumes.sources].map(([name, { type, source }]) => [
      '--mount',
      `type=${type},source=${source},target=/volumes/${name}${type === 'volume' ? ',volume-nocopy' : ''}`,
    ]);
    await engine.docker(
      ...[
        'run',
        '--detach',
        '--name',
        this.#sandbox,
        ...this.#labels(),
        '--pull',
        'never',
        '--hostname',
        hostname,
      ],
      ...['--mount', `type=bind,source=${resolvConf},target=/etc/resolv.conf,readonly`, ...held.flat()],
      ...['--network', network.id, '--ip', this.ip, '--entrypoint', 'sleep'],
      ...[this.order.spec.containers[0]?.image ?? '', 'infinity'],
    );
    network.allowHairpins();
    this.isPlaced = true;
    this.#changed();
  }

  async #initialise(init: Container): Promise<void> {
    const { signal } = this.#over;
    for (let backoffMs = INIT_BACKOFF_MS; !signal.aborted; backoffMs *= 2) {
      const code = await init.runOnce(signal);
      if (code === 0 || signal.aborted) return;
      if (this.order.spec.restartPolicy === 'Never')
        throw new Error(
          `init container ${init.spec.name} of ${this.name} ended with ${code}: ${await init.logs()}`,
        );
      init.restarts++;
      init.lastEnd = `ended with ${code}`;
      await pause(backoffMs, signal);
    }
  }

  container(name?: string): Container {
    const all = [...this.containers, ...this.#inits];
    const found = name === undefined ? all[0] : all.find(({ spec }) => spec.name === name);
    if (!found) throw new Error(`pod ${this.name} has no container ${name}`);
    return found;
  }

  refreshFiles(): void {
    if (this.#volumes && !this.isTerminating) this.#home.volumes.refresh(this.facts, this.#volumes);
  }

  /** As `kubectl delete pod`: hooks, SIGTERM, SIGKILL after the grace. Comes back when it is gone. */
  async delete(graceSeconds = this.order.spec.grace): Promise<void> {
    this.#ending ??= this.#end(async () => {
      await Promise.all([...this.containers, ...this.#inits].map((one) => one.stop(graceSeconds)));
    });
    await this.#ending;
  }

  /**
   * Every process ends at once. A node that is lost is `silent`: peers hear nothing of it, not even that connections have
   * ended. Another pod may come `awayMs` later.
   */
  async kill({ awayMs = 0, silent = false }: KillOptions = {}): Promise<void> {
    const { engine, network } = this.#home;
    this.#ending ??= this.#end(async () => {
      if (silent) await engine.ask(['network', 'disconnect', '--force', network.id, this.#sandbox]);
      else await engine.ask(['kill', ...this.containers.map(({ name }) => name)]);
    }, awayMs);
    await this.#ending;
  }

  async #end(stop: () => Promise<void>, awayMs = 0): Promise<void> {
    this.isTerminating = true;
    this.#changed();
    await stop();
    this.#over.abort();
    const { engine, volumes } = this.#home;
    const remove = async () => {
      const ids = await engine.docker('ps', '--all', '--quiet', '--filter', `label=pods-pod=${this.uid}`);
      if (ids !== '') await engine.ask(['rm', '--force', '--volumes', ...ids.split('\n')]);
    };
    await remove();
    await this.#running;
    // A container may have been on its way.
    await remove();
    if (this.#volumes) await volumes.unmount(this.#volumes);
    this.isPlaced = false;
    this.#home.changed();
    if (awayMs > 0) await sleep(awayMs);
    this.isGone = true;
    this.#home.changed();
  }

  /** A line for a person who looks for what is wrong. */
  describe(): string {
    const all = [...this.#inits, ...this.containers].map(
      ({ spec, isReady, restarts, lastEnd }) =>
        `${spec.name} ready=${isReady} restarts=${restarts} ${lastEnd}`,
    );
    return `${this.name} ${this.ip} ${this.isTerminating ? 'terminating ' : ''}${all.join('; ')} ${this.fault ?? ''}`;
  }

  /** With the end of its logs, where it is not ready. */
  async describeAtLength(): Promise<string> {
    if (this.isReady) return this.describe();
    const logs = await Promise.all(this.containers.map((one) => one.logs()));
    return [this.describe(), ...logs.map((text) => text.slice(-1500))].join('\n');
  }
}
