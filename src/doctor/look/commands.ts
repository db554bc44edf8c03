import type { Words } from '../../redis/connection.ts';

/** Whether the words after the name keep the work of the server small. */
type Bound = (args: readonly string[]) => boolean;

const MOST = 1024;
const MOST_BYTES = 65_536;

const any: Bound = () => true;
const none: Bound = (args) => args.length === 0;

/** A number that is given after a word, as in `COUNT 100`. */
const after = (args: readonly string[], word: string): number =>
  Number(args[args.findIndex((arg) => arg.toUpperCase() === word) + 1]);

const counted: Bound = (args) =>
  args.some((arg) => arg.toUpperCase() === 'COUNT') && small(after(args, 'COUNT'));
const small = (count: number): boolean => Number.isInteger(count) && count > 0 && count <= MOST;

/** `key from to`, from the start, or from the end where both are negative. */
const ranged =
  (most: number): Bound =>
  ([, from, to, ...more]) => {
    const [a, b] = [Number(from), Number(to)];
    return (
      more.length <= 1 &&
      Math.sign(a + 0.5) === Math.sign(b + 0.5) &&
      Math.max(Math.abs(a), Math.abs(b)) <= most
    );
  };

/** 0 would look at every element. */
const sampled: Bound = ([, word, samples]) => word === 'SAMPLES' && small(Number(samples));

/**
 * Everything that a look may send, by the names of INFO commandstats, with what its words must be like. None of them
 * writes, none walks all keys or all elements of a key, none shows a value to others. AUTH is sent by the connection.
 */
export const COMMANDS: ReadonlyMap<string, Bound> = new Map<string, Bound>([
  ['auth', any],
  ['ping', none],
  ['hello', none],
  ['info', any],
  ['role', none],
  ['config|get', any],
  ['slowlog|get', ([count]) => small(Number(count))],
  ['commandlog|get', ([count]) => small(Number(count))],
  ['latency|latest', none],
  ['client|id', none],
  // Keeps the counters of use, by which keys are evicted, as they are.
  ['client|no-touch', ([word]) => word === 'ON'],
  ['client|list', ([word, type]) => word === 'TYPE' && (type === 'normal' || type === 'pubsub')],
  ['acl|list', none],
  ['cluster|info', none],
  ['cluster|nodes', none],
  ['cluster|shards', none],
  ['cluster|slots', none],
  ['sentinel|masters', none],
  ['sentinel|replicas', any],
  ['sentinel|slaves', any],
  ['sentinel|sentinels', any],
  ['sentinel|ckquorum', any],
  ['select', any],
  ['readonly', none],
  ['scan', counted],
  ['randomkey', none],
  ['type', any],
  ['object|encoding', any],
  ['object|freq', any],
  ['memory|usage', sampled],
  ['pttl', any],
  ['strlen', any],
  ['hlen', any],
  ['llen', any],
  ['scard', any],
  ['zcard', any],
  ['xlen', any],
  ['getrange', ranged(MOST_BYTES)],
  ['lrange', ranged(MOST)],
  ['zrange', ranged(MOST)],
  ['hscan', counted],
  ['sscan', counted],
  ['zscan', counted],
  ['hrandfield', ([, count]) => count === undefined || small(Math.abs(Number(count)))],
  ['srandmember', ([, count]) => count === undefined || small(Math.abs(Number(count)))],
  ['zrandmember', ([, count]) => count === undefined || small(Math.abs(Number(count)))],
]);

const PARENTS = new Set(
  [...COMMANDS.keys()].filter((name) => name.includes('|')).map((name) => name.split('|')[0]),
);

/** `config|get` for CONFIG GET maxmemory, `type` for TYPE key. */
export function nameOf([first = '', second = '']: Words): string {
  const name = String(first).toLowerCase();
  return PARENTS.has(name) ? `${name}|${String(second).toLowerCase()}` : name;
}

/** Throws, before anything is sent, on words that are not on the list: that is a defect of this program. */
export function expectHarmless(words: Words): string {
  const name = nameOf(words);
  const args = words.slice(name.includes('|') ? 2 : 1).map(String);
  if (!COMMANDS.get(name)?.(args))
    throw new Error(`a look may not send ${words.map(String).join(' ').slice(0, 100)}`);
  return name;
}
