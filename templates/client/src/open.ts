import { canonical } from './announcement.js';
import { type Reaching, reachBy, type Ways } from './connector.js';
import { type Course, courseOf } from './course.js';
import type { Address, StackDescription } from './description.js';
import { RedisError } from './errors.js';
import type { Connect, ConnectOptions, StackPort } from './port.js';
import { type Finding, supervise } from './supervisor.js';
import { late, within } from './time.js';

/** Makes the function that connects to stacks of one kind, and stays with the stack that it was given. */
export function staying<Stack extends StackDescription>(reach: Reaching<Stack>): Connect<Stack> {
  return async (stack, options = {}) => {
    const env = options.env ?? process.env;
    return open(courseOf(stack, reach(stack, env), env), options);
  };
}

/** Makes the function that connects to a stack of any kind, and follows it to wherever it says that it has moved. */
export function following(ways: Ways): Connect<StackDescription> {
  return async (home, options = {}) => {
    const env = options.env ?? process.env;
    const find: Finding = async (announced) => {
      const isHome = canonical(announced) === canonical(home);
      const stack = isHome ? home : announced;
      // Addresses given by hand are those of the stack that the code was written for.
      const own = isHome ? env : { ...env, REDIS_ADDRESSES: undefined };
      return courseOf(stack, await reachBy(ways, stack, own), own);
    };
    return open(await find(home), options, find);
  };
}

/**
 * Connects, trying again until it succeeds, and replaces the connections when a primary falls silent. Rejects with
 * `redis/unreachable` after `connectWithinMs`, or, with `startWithout`, resolves then and goes on trying.
 */
async function open(start: Course, options: ConnectOptions, find?: Finding): Promise<StackPort> {
  const { connectWithinMs = 10_000, startWithout = false, silentAfterMs = 2000, onError, onMove } = options;
  let lastError: unknown;
  let course = start;
  const watched = { onTrouble: () => {} };
  const hearing = {
    tell: (error: Error) => {
      lastError = error;
      onError?.(error);
    },
    onTrouble: () => watched.onTrouble(),
  };
  const first = start.begin(hearing);
  const outcome = await within(first.connected, connectWithinMs);
  if (outcome === late && !startWithout) {
    await within(first.port.destroy(), 1000);
    throw unreachable(start.addresses, connectWithinMs, lastError);
  }
  const { port, onTrouble } = supervise(first, start, {
    hearing,
    silentAfterMs,
    find,
    onMove: (next) => {
      course = next;
      onMove?.(next.stack);
    },
  });
  watched.onTrouble = onTrouble;
  return { ...port, another: (more) => open(course, { ...options, ...more }, find) };
}

function unreachable(addresses: readonly Address[], withinMs: number, cause: unknown): RedisError {
  const places = addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new RedisError('redis/unreachable', `No connection to ${places} within ${withinMs} ms${why}`, cause);
}
