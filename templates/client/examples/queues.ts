import { defineKeyspaces, queue, type Redis } from '../src/index.js';

interface Mail {
  readonly to: string;
  readonly text: string;
}

export const keyspaces = defineKeyspaces({
  mails: queue<Mail>({ name: 'mails', maxDeliveries: 3 }),
});

export async function example(
  redis: Redis,
  send: (mail: Mail, options: { idempotencyKey: string; signal: AbortSignal }) => Promise<void>,
) {
  const { mails } = await redis.open(keyspaces);
  await mails.push({ to: 'ann', text: 'Welcome' });
  await mails.pushLater({ to: 'ann', text: 'How is it going?' }, 24 * 60 * 60_000);
  // Runs until it is stopped, here or in other processes. A mail can come twice after a crash: its id stays the same.
  const worker = mails.work((mail, { id, signal }) => send(mail, { idempotencyKey: id, signal }), {
    handleWithinMs: 30_000,
  });
  for (const { item, reason } of await mails.dead()) process.stderr.write(`${item?.to}: ${reason}\n`);
  await mails.replay('all');
  return worker;
}
