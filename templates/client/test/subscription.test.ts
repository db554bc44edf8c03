import { describe, expect, test } from 'vitest';
import type { Listener, RedisPort } from '../src/port.js';
import { Subscription } from '../src/subscription.js';

const stack = {};

/** A port that is told what is published by a test: what of it is late on the way is under test, not what servers say. */
function wire() {
  const listeners = new Map<string, Listener>();
  const port = {
    stack: () => stack,
    subscribe: async (_kind: string, name: string, listener: Listener) => {
      listeners.set(name, listener);
      return async () => void listeners.delete(name);
    },
  } as unknown as RedisPort;
  return { port, say: (...texts: string[]) => texts.map((text) => listeners.get('news')?.(text, 'news')) };
}

describe('a subscription that moves to another node of a cluster', () => {
  const moved = async (onNew: readonly string[], later: readonly string[]) => {
    const heard: string[] = [];
    const one = new Subscription('channel', 'news', (text) => heard.push(text));
    const [old, next] = [wire(), wire()];
    await one.settle(old.port, await one.listen(old.port));
    old.say('1');
    one.beginMove(next.port);
    const end = await one.listen(next.port);
    old.say('2', '3', '4', '5');
    next.say(...onNew);
    await one.finishMove(end);
    next.say(...later);
    return heard;
  };

  test.each([
    ['that is in step', ['2', '3', '4', '5'], ['6']],
    ['that heard later', ['4', '5'], ['6']],
    ['that is ahead', ['3', '4', '5', '6'], ['7']],
    ['that is behind', ['2', '3'], ['4', '5', '6']],
    ['that is far behind', ['2'], ['3', '4', '5', '6']],
  ])('%s: each message once', async (_, onNew, later) => {
    const last = later.at(-1) ?? '';
    const all = Array.from({ length: Number(last) }, (_one, i) => String(i + 1));
    expect(await moved(onNew, later)).toEqual(all);
  });

  test('what was said again by somebody is heard again', async () => {
    expect(await moved(['2', '3'], ['4', '5', '5', '4'])).toEqual(['1', '2', '3', '4', '5', '5', '4']);
  });
});
