// What an application does with the emitted client; run by the live tests with the environment of a stack.
import { setTimeout as sleep } from 'node:timers/promises';

const [, , client, task, ...words] = process.argv;
const { connectRedis } = await import(`file://${client}`);
const redis = await connectRedis();
const say = (/** @type {unknown} */ what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const tasks = {
  /** Sets keys one after the other, says each when it is acknowledged, until standard input ends or the time is over. */
  async write(/** @type {string} */ prefix, /** @type {string} */ seconds) {
    let stop = false;
    process.stdin.on('end', () => (stop = true)).resume();
    const end = Date.now() + Number(seconds) * 1000;
    for (let i = 0; !stop && Date.now() < end; i++) {
      await redis.direct.set(`${prefix}:${i}`, `value ${i}`);
      say({ acked: i, at: Date.now() });
      await sleep(2);
    }
    // Whoever started this may leave it open; the process would wait for it.
    process.stdin.destroy();
  },

  /** Says which of the first `count` keys are not there as they were written. */
  async verify(/** @type {string} */ prefix, /** @type {string} */ count) {
    const lost = [];
    for (let i = 0; i < Number(count); i++)
      if ((await redis.direct.get(`${prefix}:${i}`)) !== `value ${i}`) lost.push(i);
    say({ lost });
  },

  /** The cache that keyspaces.ts begins with: one load for many callers, then a hit, and a new load after an invalidation. */
  async cache() {
    let loads = 0;
    const users = redis.keyspaces.user;
    const load = async () => ({ n: ++loads });
    // An earlier attempt may have left it there.
    await users.invalidate('7');
    const many = await Promise.all(Array.from({ length: 50 }, () => users.getOrSet('7', load)));
    const hit = await users.getOrSet('7', load);
    await users.invalidate('7');
    const fresh = await users.getOrSet('7', load);
    say({ first: new Set(many.map((u) => u.n)).size, hit: hit.n, fresh: fresh.n, loads });
  },
};

await tasks[/** @type {keyof typeof tasks} */ (task)](.../** @type {[string, string]} */ (words));
await redis.close();
