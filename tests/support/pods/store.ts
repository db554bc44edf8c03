import { type Controller, DeploymentController, type Make, StatefulSetController } from './controllers.ts';
import type { FilesOf, LinkedService } from './env.ts';
import { ManifestError } from './fields.ts';
import type { FilesSpec, ObjectSpec } from './objects.ts';
import type { PolicySpec } from './policy-spec.ts';
import type { ServiceSpec } from './service-spec.ts';
import type { CronJobSpec, JobSpec } from './workload-spec.ts';

interface StoredService {
  readonly spec: ServiceSpec;
  readonly ip: string;
}

/** What is wanted at present: what an API server would have in its store. */
export class Store {
  readonly services = new Map<string, StoredService>();
  readonly policies = new Map<string, PolicySpec>();
  readonly cronJobs = new Map<string, CronJobSpec>();
  readonly #files = new Map<string, FilesSpec>();
  readonly #sets = new Map<string, StatefulSetController>();
  readonly #deployments = new Map<string, DeploymentController>();
  readonly #jobs = new Map<string, JobSpec>();
  readonly #make: Make;
  readonly #address: () => string;

  constructor(make: Make, address: () => string) {
    this.#make = make;
    this.#address = address;
  }

  get controllers(): readonly Controller[] {
    return [...this.#sets.values(), ...this.#deployments.values()];
  }

  readonly filesOf: FilesOf = (kind, name) => this.#files.get(`${kind} ${name}`)?.data;

  /** Services with an address of their own. */
  get linked(): readonly LinkedService[] {
    return [...this.services.values()]
      .filter(({ spec }) => !spec.headless)
      .map(({ spec: { name, ports }, ip }) => ({ name, ip, ports }));
  }

  /** Replaces the objects of a release by these; gives the Jobs that are new. Refuses what an API server would. */
  apply(objects: readonly ObjectSpec[], previous: readonly ObjectSpec[]): readonly JobSpec[] {
    const kept = new Set(objects.map(({ kind, name }) => `${kind} ${name}`));
    for (const { kind, name } of previous) if (!kept.has(`${kind} ${name}`)) this.#remove(kind, name);
    const jobs = objects.filter((object) => object.kind === 'Job' && !this.#jobs.has(object.name));
    for (const object of objects) this.put(object);
    return jobs.filter((object) => object.kind === 'Job');
  }

  put(object: ObjectSpec): void {
    if (object.kind === 'ConfigMap' || object.kind === 'Secret')
      this.#files.set(`${object.kind} ${object.name}`, object);
    else if (object.kind === 'Service') this.#putService(object);
    else if (object.kind === 'NetworkPolicy') this.policies.set(object.name, object);
    else if (object.kind === 'CronJob') this.cronJobs.set(object.name, object);
    else if (object.kind === 'Job') {
      expectFixed(object, this.#jobs.get(object.name));
      this.#jobs.set(object.name, object);
    } else this.#putController(object);
  }

  #putService(spec: ServiceSpec): void {
    const before = this.services.get(spec.name);
    if (before && before.spec.headless !== spec.headless)
      throw new ManifestError(`Service ${spec.name}`, 'its clusterIP cannot be changed');
    this.services.set(spec.name, { spec, ip: before?.ip ?? (spec.headless ? '' : this.#address()) });
  }

  #putController(object: ObjectSpec): void {
    if (object.kind === 'StatefulSet') {
      const there = this.#sets.get(object.name);
      expectFixed(object, there?.spec);
      if (there) there.spec = object;
      else this.#sets.set(object.name, new StatefulSetController(object, this.#make));
    } else if (object.kind === 'Deployment') {
      const there = this.#deployments.get(object.name);
      expectFixed(object, there?.spec);
      if (there) there.spec = object;
      else this.#deployments.set(object.name, new DeploymentController(object, this.#make));
    }
  }

  #remove(kind: ObjectSpec['kind'], name: string): void {
    this.#files.delete(`${kind} ${name}`);
    if (kind === 'Service') this.services.delete(name);
    if (kind === 'NetworkPolicy') this.policies.delete(name);
    if (kind === 'CronJob') this.cronJobs.delete(name);
    if (kind === 'Job') this.#jobs.delete(name);
    const controller = { StatefulSet: this.#sets, Deployment: this.#deployments }[kind as 'StatefulSet']?.get(
      name,
    );
    if (controller) controller.isRemoved = true;
  }

  /** Lets every controller take a step, and forgets those that have nothing left. */
  tick(): void {
    for (const controller of this.controllers) controller.tick();
    for (const map of [this.#sets, this.#deployments])
      for (const [name, controller] of map)
        if (controller.isRemoved && controller.pods.length === 0) map.delete(name);
  }
}

interface Fixed {
  readonly kind: string;
  readonly name: string;
  readonly fixed: string;
}

function expectFixed(next: Fixed, present: Fixed | undefined): void {
  if (present && present.fixed !== next.fixed)
    throw new ManifestError(
      `${next.kind} ${next.name}`,
      `fields that cannot be changed were changed: ${present.fixed} to ${next.fixed}`,
    );
}
