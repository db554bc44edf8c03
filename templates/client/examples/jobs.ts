import { openJobs } from '../src/index.js';

interface Report {
  readonly month: string;
}

export async function example(build: (report: Report) => Promise<string>): Promise<void> {
  // Rejects with `redis/may-evict` on a server that could drop jobs.
  const jobs = await openJobs({ onError: (error) => process.stderr.write(`${error.message}\n`) });
  const reports = jobs.queue<Report, string>('reports', { defaultJobOptions: { attempts: 3 } });
  jobs.worker<Report, string>('reports', ({ data }) => build(data), { concurrency: 4 });
  await reports.add('monthly', { month: '2026-11' }, { delay: 60_000 });
  process.once('SIGTERM', () => void jobs.close());
}
