import { defineKeyspaces, queue, type Redis } from '../src/index.js';

interface Mail {
  readonly to: string;
  readonly text: string;
}

export const keyspaces = defineKeyspaces({
  mails: queue<Mail>({ name: 'mails', maxDeliveries: 5 }),
});

export async function example(
  redis: Redis,
  smtp: { send(mail: Mail, options: { id: string; signal: AbortSignal }): Promise<void> },
): Promise<number> {
  const { mails } = await redis.open(keyspaces);
  await mails.push({ to: 'ann@example.org', text: 'Welcome' });
  await mails.pushLater({ to: 'ann@example.org', text: 'How is it going?' }, 24 * 3600_000);
  // An item may come twice; its id is the same then.
  const worker = mails.work((mail, { id, signal }) => smtp.send(mail, { id, signal }), {
    handleWithinMs: 30_000,
  });
  for (const { item, reason } of await mails.dead()) process.stderr.write(`${item?.to}: ${reason}\n`);
  await worker.stop();
  return mails.replay('all');
}
