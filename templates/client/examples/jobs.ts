import { openJobs } from '../src/index.js';

interface Invoice {
  readonly customer: string;
}

// Rejects where the server drops keys when it is full: BullMQ would lose jobs.
const jobs = await openJobs({ onError: (error) => process.stderr.write(`Jobs: ${error.message}\n`) });

const invoices = jobs.queue<Invoice, string>('invoices');
await invoices.add(
  'monthly',
  { customer: 'ann' },
  { attempts: 5, backoff: { type: 'exponential', delay: 1000 } },
);
await invoices.upsertJobScheduler('yearly', { pattern: '0 6 1 1 *' }, { data: { customer: 'all' } });

jobs.worker<Invoice, string>('invoices', async ({ data, attemptsMade }) => {
  return `invoice for ${data.customer}, try ${attemptsMade + 1}`;
});

process.once('SIGTERM', async () => {
  // Lets jobs under way end, for five seconds at most.
  await jobs.close();
});
