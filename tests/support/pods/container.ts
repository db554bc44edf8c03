import type { ContainerSpec } from './container-spec.ts';
import type { Engine } from './engine.ts';
import { type EnvContext, environmentOf, expand } from './env.ts';
import type { PodSpec } from './pod-spec.ts';
import { pause, probeUntil } from './prober.ts';
import type { Source } from './volumes.ts';

/** What a container needs of its pod. */
export interface Surroundings {
  readonly engine: Engine;
  readonly pod: PodSpec;
  /** The container that holds the network of the pod. */
  readonly sandbox: string;
  readonly ip: string;
  readonly labels: readonly string[];
  /** `--mount` needs nothing else. */
  sources(): ReadonlyMap<string, Source>;
  readonly resolvConf: string;
  /** As it is at each start: Services come and go. */
  context(): EnvContext;
  /** Calls back when a container of this name ends. */
  whenDone(name: string, done: (code: number) => void): void;
  changed(): void;
}

const FIRST_BACKOFF_MS = 10_000;
const MOST_BACKOFF_MS = 300_000;
/** What is left to a server that was asked to stop after a hook that took all the time. */
const LEAST_GRACE_SECONDS = 2;

/** One container of a pod through all its starts. */
export class Container {
  readonly spec: ContainerSpec;
  restarts = 0;
  isReady = false;
  /** Set when it has ended and is not started again. */
  exitCode: number | undefined;
  /** Why it ended the last time. */
  lastEnd = '';
  readonly #around: Surroundings;
  readonly #names: string[] = [];
  #isRunning = false;
  #isStopping = false;
  #probing = new AbortController();
  #ended: Promise<number> = Promise.resolve(0);

  constructor(spec: ContainerSpec, around: Surroundings) {
    this.spec = spec;
    this.#around = around;
  }

  /** The container of Docker that is the present attempt. */
  get name(): string {
    return this.#names.at(-1) ?? '';
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Runs to its end; gives the code. */
  async runOnce(signal: AbortSignal): Promise<number> {
    await this.#start();
    return signal.aborted ? -1 : await this.#ended;
  }

  /** Starts it and, as the pod says, again whenever it ends. Comes back when it has ended for good. */
  async keepRunning(signal: AbortSignal): Promise<void> {
    let backoffMs = 0;
    while (!signal.aborted) {
      await this.#start();
      if (signal.aborted) return;
      this.#probe();
      const code = await this.#ended;
      this.#probing.abort();
      this.isReady = false;
      this.lastEnd ||= `ended with ${code}`;
      const { restartPolicy } = this.#around.pod;
      if (this.#isStopping || signal.aborted) return;
      if (restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && code === 0)) {
        this.exitCode = code;
        this.#around.changed();
        return;
      }
      this.restarts++;
      this.#around.changed();
      await pause(backoffMs, signal);
      backoffMs = Math.min(Math.max(2 * backoffMs, FIRST_BACKOFF_MS), MOST_BACKOFF_MS);
    }
  }

  async #start(): Promise<void> {
    const { engine, sandbox, whenDone, changed } = this.#around;
    const name = `${sandbox}-${this.spec.name}-${this.#names.length}`;
    this.#names.push(name);
    this.lastEnd = '';
    this.#ended = new Promise((resolve) => {
      whenDone(name, (code) => {
        this.#isRunning = false;
        resolve(code);
      });
    });
    this.#isRunning = true;
    await engine.docker('run', '--detach', '--name', name, ...runWords(this.spec, this.#around));
    changed();
  }

  #probe(): void {
    this.#probing = new AbortController();
    const { signal } = this.#probing;
    const { startup } = this.spec;
    if (!startup) {
      this.#started(signal);
      return;
    }
    const starting = new AbortController();
    const both = AbortSignal.any([signal, starting.signal]);
    void probeUntil(startup, this.#place(), both, (isGood) => {
      starting.abort();
      if (isGood) this.#started(signal);
      else void this.#restart('its startup probe failed', startup.grace);
    });
  }

  #started(signal: AbortSignal): void {
    const { liveness, readiness } = this.spec;
    if (liveness)
      void probeUntil(liveness, this.#place(), signal, (isGood) => {
        if (!isGood) void this.#restart('its liveness probe failed', liveness.grace);
      });
    if (readiness) void probeUntil(readiness, this.#place(), signal, (isGood) => this.#setReady(isGood));
    else this.#setReady(true);
  }

  #setReady(isReady: boolean): void {
    if (this.isReady === isReady) return;
    this.isReady = isReady;
    this.#around.changed();
  }

  #place() {
    return { engine: this.#around.engine, container: this.name, ip: this.#around.ip };
  }

  async #restart(why: string, grace = this.#around.pod.grace): Promise<void> {
    this.#probing.abort();
    this.#setReady(false);
    this.lastEnd = why;
    await this.#end(grace);
  }

  /** The hook, SIGTERM, and SIGKILL when `graceSeconds` are over. It is not started again. Readiness is still asked. */
  async stop(graceSeconds: number): Promise<void> {
    this.#isStopping = true;
    await this.#end(graceSeconds);
    this.#probing.abort();
    this.isReady = false;
  }

  async #end(graceSeconds: number): Promise<void> {
    if (!this.#isRunning) return;
    const began = performance.now();
    await this.#runHook(graceSeconds * 1000);
    const left = Math.ceil(graceSeconds - (performance.now() - began) / 1000);
    const seconds = String(Math.max(left, LEAST_GRACE_SECONDS));
    await this.#around.engine.ask(['stop', '--time', seconds, this.name], (Number(seconds) + 30) * 1000);
  }

  async #runHook(timeoutMs: number): Promise<void> {
    const { preStop } = this.spec;
    if (!preStop) return;
    if (preStop.kind === 'exec') {
      const { code, out, err } = await this.#around.engine.ask(
        ['exec', this.name, ...preStop.command],
        timeoutMs,
      );
      this.hookSaid += `preStop of ${this.name} ended with ${code}\n${out}\n${err}\n`;
    } else await pause(Math.min(preStop.seconds * 1000, timeoutMs), AbortSignal.timeout(timeoutMs));
  }

  /** What hooks said: a real kubelet drops it. */
  hookSaid = '';

  /** What all attempts said, in their order. */
  async logs(): Promise<string> {
    const said = await Promise.all(this.#names.map((name) => this.#around.engine.ask(['logs', name])));
    return said.map(({ out, err }) => `${out}\n${err}`).join('\n') + this.hookSaid;
  }
}

function runWords(spec: ContainerSpec, around: Surroundings): readonly string[] {
  const env = environmentOf(spec, around.context());
  const [entrypoint, ...command] = spec.command.map((word) => expand(word, env));
  return [
    ...around.labels,
    ...['--pull', 'never', '--network', `container:${around.sandbox}`, '--no-healthcheck'],
    ...['--mount', `type=bind,source=${around.resolvConf},target=/etc/resolv.conf,readonly`],
    ...[...env].flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...spec.mounts.flatMap(({ volume, path, readOnly }) =>
      mountWords(around.sources().get(volume), path, readOnly),
    ),
    ...securityWords(spec, around.pod),
    ...(spec.memoryBytes ? ['--memory', `${spec.memoryBytes}`, '--memory-swap', `${spec.memoryBytes}`] : []),
    ...(spec.cores ? ['--cpus', `${spec.cores}`] : []),
    ...(spec.workingDir ? ['--workdir', spec.workingDir] : []),
    ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
    spec.image,
    ...command,
    ...spec.args.map((word) => expand(word, env)),
  ];
}

function mountWords(source: Source | undefined, path: string, readOnly: boolean): readonly string[] {
  if (!source) throw new Error(`nothing to mount at ${path}`);
  // An image may have files at this path, which a kubelet would not copy.
  const copy = source.type === 'volume' ? ',volume-nocopy' : '';
  const words = `type=${source.type},source=${source.source},target=${path}${copy}`;
  return ['--mount', source.readOnly || readOnly ? `${words},readonly` : words];
}

function securityWords({ security }: ContainerSpec, { security: pod }: PodSpec): readonly string[] {
  const user = security.user ?? pod.user;
  const group = security.group ?? pod.group;
  const groups = [...pod.supplementalGroups, ...(pod.fsGroup === undefined ? [] : [pod.fsGroup])];
  return [
    ...(user === undefined ? [] : ['--user', group === undefined ? `${user}` : `${user}:${group}`]),
    ...groups.flatMap((one) => ['--group-add', `${one}`]),
    ...(security.readOnlyRoot ? ['--read-only'] : []),
    ...(security.escalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...security.drop.flatMap((one) => ['--cap-drop', one]),
    ...security.add.flatMap((one) => ['--cap-add', one]),
  ];
}
