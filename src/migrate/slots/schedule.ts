interface Job {
  readonly from: string;
  readonly to: string;
}

/**
 * Runs jobs side by side, at most so many, and never two that share a node: each waits until both of its nodes are free.
 * Begins none after one has failed; rejects with the first failure once all that run have ended.
 */
export async function runApart<T extends Job>(
  jobs: readonly T[],
  atMost: number,
  run: (job: T) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const next = () => waiting.find(({ from, to }) => !busy.has(from) && !busy.has(to));
  const begin = (job: T) => {
    waiting.splice(waiting.indexOf(job), 1);
    busy.add(job.from).add(job.to);
    const done: Promise<void> = run(job)
      .catch((error) => void failures.push(error))
      .finally(() => {
        running.delete(done);
        busy.delete(job.from);
        busy.delete(job.to);
      });
    running.add(done);
  };
  for (;;) {
    const job = running.size < atMost && failures.length === 0 ? next() : undefined;
    if (job) begin(job);
    else if (running.size === 0) break;
    else await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
}
