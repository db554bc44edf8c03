// Calls Redis through the emitted client as fast as it answers, never asking twice, and listens to itself. Says a line now and
// then; ends with its standard input and says what went wrong, which nobody has repaired on the way.
const [, , client] = process.argv;
const { connectRedis } = await import(`file://${client}`);
const errors = /** @type {string[]} */ ([]);
const note = (/** @type {unknown} */ error) =>
  errors.push(`${error} ${/** @type {Error} */ (error).cause ?? ''}`);
const redis = await connectRedis({ onError: note });
const port = redis.use({ name: 'caller', open: (/** @type {{ port: unknown }} */ { port }) => port });

let isOn = true;
let calls = 0;
let said = 0;
let longestMs = 0;
const heard = /** @type {number[]} */ ([]);
const end = await port.subscribe('channel', 'shop:news', (/** @type {string} */ text) =>
  heard.push(Number(text)),
);
process.stdin.on('end', () => (isOn = false)).resume();

const work = [0, 1, 2, 3].map(async (lane) => {
  for (let i = 0; isOn; i++) {
    const key = `shop:${lane}:${i % 500}`;
    const began = performance.now();
    try {
      await port.call(key, ['SET', key, String(i)]);
      if ((await port.get(key)) !== String(i)) note(`${key} is not ${i}`);
      calls += 2;
    } catch (error) {
      note(error);
    }
    longestMs = Math.max(longestMs, performance.now() - began);
  }
});
const speech = (async () => {
  for (; isOn; await new Promise((resolve) => setTimeout(resolve, 5))) {
    try {
      await port.call('shop:news', ['PUBLISH', 'shop:news', String(said)]);
      said++;
    } catch (error) {
      note(error);
    }
  }
})();
const say = (/** @type {object} */ more) =>
  process.stdout.write(
    `${JSON.stringify({ calls, errors, said, longestMs: Math.round(longestMs), ...more })}\n`,
  );
const timer = setInterval(() => say({}), 200);
await Promise.all([...work, speech]);
clearInterval(timer);
await new Promise((resolve) => setTimeout(resolve, 300));
await end();
say({ isOver: true, isAllHeard: heard.length === said && heard.every((n, i) => n === i) });
await redis.close();
