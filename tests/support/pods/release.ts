import type { Make } from './controllers.ts';
import { runJob, runPod } from './jobs.ts';
import { type ObjectSpec, readObjects } from './objects.ts';
import type { Store } from './store.ts';

/** What Helm does with the objects of a chart: hooks by their weight at their time, everything else into the store. */
export class Release {
  readonly #namespace: string;
  readonly #store: Store;
  readonly #make: Make;
  #objects: readonly ObjectSpec[] = [];
  #hooks: readonly ObjectSpec[] = [];

  constructor(namespace: string, store: Store, make: Make) {
    this.#namespace = namespace;
    this.#store = store;
    this.#make = make;
  }

  /** Runs the hooks of the event before, then replaces the objects; gives the Jobs that run from now on. */
  async replace(objects: readonly unknown[], before: string): Promise<readonly Promise<string>[]> {
    const specs = readObjects(objects, this.#namespace);
    this.#hooks = specs.filter(({ hook }) => hook !== undefined);
    await this.runHooks(before);
    const release = specs.filter(({ hook }) => hook === undefined);
    const jobs = this.#store.apply(release, this.#objects);
    this.#objects = release;
    return jobs.map((job) => {
      const run = runJob(job, this.#make);
      // Whoever waits for it hears of its failure; before that it is nobody's surprise.
      run.catch(() => undefined);
      return run;
    });
  }

  /** What the hooks of an event said. The first one that fails ends it. */
  async runHooks(event: string): Promise<string> {
    const due = this.#hooks.filter(({ hook }) => hook?.events.includes(event));
    const ordered = due.toSorted((a, b) => (a.hook?.weight ?? 0) - (b.hook?.weight ?? 0));
    const said: string[] = [];
    for (const object of ordered) {
      if (object.kind === 'Job') said.push(await runJob(object, this.#make));
      else if (object.kind === 'Pod') said.push(await runPod(object, this.#make));
      else this.#store.put(object);
    }
    return said.join('\n');
  }
}
