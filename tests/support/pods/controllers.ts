import { randomBytes } from 'node:crypto';
import type { Pod } from './pod.ts';
import type { PodOrder } from './pod-home.ts';
import type { DeploymentSpec, StatefulSetSpec } from './workload-spec.ts';

/** Makes a pod, which begins to run. */
export type Make = (order: PodOrder) => Pod;

/** Brings what is there nearer to what is wanted, one small step at a time, as controllers do. */
export interface Controller {
  readonly pods: readonly Pod[];
  tick(): void;
  /** Every pod that is wanted is there, ready and of the present template, which is what `helm --wait` waits for. */
  readonly isSettled: boolean;
}

const isAvailable = (pod: Pod | undefined, minReadySeconds: number): boolean =>
  pod?.isReady === true &&
  !pod.isTerminating &&
  performance.now() - (pod.readySince ?? Number.POSITIVE_INFINITY) >= minReadySeconds * 1000;

export class StatefulSetController implements Controller {
  spec: StatefulSetSpec;
  /** Wanted no more: its pods go, its claims stay. */
  isRemoved = false;
  readonly #make: Make;
  readonly #pods = new Map<number, Pod>();

  constructor(spec: StatefulSetSpec, make: Make) {
    this.spec = spec;
    this.#make = make;
  }

  get pods(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  get #replicas(): number {
    return this.isRemoved ? 0 : this.spec.replicas;
  }

  get isSettled(): boolean {
    const { partition, onDelete, revision } = this.spec;
    return (
      this.#pods.size === this.#replicas &&
      [...this.#pods].every(
        ([ordinal, pod]) =>
          isAvailable(pod, 0) && (onDelete || ordinal < partition || pod.order.revision === revision),
      )
    );
  }

  tick(): void {
    for (const [ordinal, pod] of this.#pods) if (pod.isGone) this.#pods.delete(ordinal);
    if (this.#create() && this.#scaleDown()) this.#roll();
  }

  /** False while it has to wait for a pod to be ready. */
  #create(): boolean {
    for (let ordinal = 0; ordinal < this.#replicas; ordinal++) {
      if (!this.#pods.has(ordinal)) this.#pods.set(ordinal, this.#makePod(ordinal));
      if (!this.spec.parallel && !isAvailable(this.#pods.get(ordinal), this.spec.minReadySeconds)) {
        // The one in the way may be of an older template: it is replaced, and not waited for, when it is broken.
        return this.#pods.get(ordinal)?.order.revision !== this.spec.revision;
      }
    }
    return true;
  }

  #makePod(ordinal: number): Pod {
    const { name, template, serviceName, revision, claims } = this.spec;
    const pod = `${name}-${ordinal}`;
    const own = {
      'statefulset.kubernetes.io/pod-name': pod,
      'apps.kubernetes.io/pod-index': String(ordinal),
      'controller-revision-hash': revision,
    };
    return this.#make({
      name: pod,
      revision,
      spec: { ...template, hostname: pod, subdomain: serviceName, labels: { ...template.labels, ...own } },
      claimOf: (claim) => (claims.includes(claim) ? `${claim}-${pod}` : claim),
    });
  }

  #scaleDown(): boolean {
    const surplus = [...this.#pods.keys()]
      .filter((ordinal) => ordinal >= this.#replicas)
      .sort((a, b) => b - a);
    const going = this.spec.parallel ? surplus : surplus.slice(0, 1);
    for (const ordinal of going) void this.#pods.get(ordinal)?.delete();
    return surplus.length === 0;
  }

  #roll(): void {
    const { onDelete, partition, revision, minReadySeconds } = this.spec;
    if (onDelete) return;
    for (let ordinal = this.#replicas - 1; ordinal >= partition; ordinal--) {
      const pod = this.#pods.get(ordinal);
      if (pod && pod.order.revision !== revision && !pod.isTerminating) return void pod.delete();
      if (!isAvailable(pod, minReadySeconds)) return;
    }
  }
}

export class DeploymentController implements Controller {
  spec: DeploymentSpec;
  isRemoved = false;
  readonly #make: Make;
  #pods: readonly Pod[] = [];

  constructor(spec: DeploymentSpec, make: Make) {
    this.spec = spec;
    this.#make = make;
  }

  get pods(): readonly Pod[] {
    return this.#pods;
  }

  get #replicas(): number {
    return this.isRemoved ? 0 : this.spec.replicas;
  }

  get isSettled(): boolean {
    const { revision } = this.spec;
    return (
      this.#pods.length === this.#replicas &&
      this.#pods.every((pod) => isAvailable(pod, 0) && pod.order.revision === revision)
    );
  }

  tick(): void {
    this.#pods = this.#pods.filter((pod) => !pod.isGone);
    const { revision, recreate } = this.spec;
    const old = this.#pods.filter((pod) => pod.order.revision !== revision);
    const present = this.#pods.filter((pod) => pod.order.revision === revision && !pod.isTerminating);
    if (recreate) for (const pod of old) void pod.delete();
    // A pod that is on its way out is replaced at once; with Recreate only another template waits for the end of the old.
    if (!(recreate && old.length > 0))
      for (let missing = this.#replicas - present.length; missing > 0; missing--) this.#makePod();
    for (const pod of present.slice(this.#replicas)) void pod.delete();
    if (present.filter((pod) => isAvailable(pod, 0)).length >= this.#replicas)
      for (const pod of old) void pod.delete();
  }

  #makePod(): void {
    const { name, template, revision } = this.spec;
    const labels = { ...template.labels, 'pod-template-hash': revision };
    const order = {
      name: `${name}-${revision}-${randomBytes(2).toString('hex')}`,
      revision,
      spec: { ...template, labels },
    };
    this.#pods = [...this.#pods, this.#make(order)];
  }
}
