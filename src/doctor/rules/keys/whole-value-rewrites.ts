import { humanBytes } from '../../../model/bytes.ts';
import type { Facts, NodeFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, percent } from '../../words.ts';
import { allCalls, callsOf } from '../patterns/calls.ts';
import { sampled } from './sampled.ts';

const FEW_WRITES = 100_000;
const PER_READ = 0.5;
const MUCH_OF_CALLS = 0.2;
const LARGE_BYTES = 2048;
const MUCH_OF_BYTES = 0.5;

export const wholeValueRewrites: Rule = {
  id: 'whole-value-rewrites',
  group: 'keys',
  severity: 'note',
  title: 'Documents in strings that are rewritten whole',
  looksAt: ['cmdstat_set', 'cmdstat_get', 'SCAN, TYPE, STRLEN, MEMORY USAGE'],
  why: 'To change one field of a document in a string, it is read, changed and written back whole. Two writers at once undo one another, and each change moves all bytes, also to replicas and to the append-only file.',
  fix: 'Keep records as hashes and write single fields with HSET or HINCRBY; or use the JSON type where the server has it.',
  sources: [
    'https://redis.io/docs/latest/develop/data-types/hashes/',
    'https://redis.io/docs/latest/develop/data-types/json/',
  ],
  find: (facts) => sampled(facts).flatMap(({ node, keys }) => findOn(facts, node, keys)),
};

function findOn(facts: Facts, node: NodeFacts, keys: NonNullable<NodeFacts['keys']>): readonly Found[] {
  const sets = callsOf(node, 'set', 'setex', 'psetex', 'getset');
  const gets = callsOf(node, 'get', 'getex');
  if (sets < FEW_WRITES || sets < gets * PER_READ || sets < allCalls(node) * MUCH_OF_CALLS) return [];
  const all = keys.groups.reduce((sum, { bytes }) => sum + bytes, 0);
  return keys.groups
    .filter(({ type, elements, keys: n }) => type === 'string' && elements / n >= LARGE_BYTES)
    .filter(({ bytes }) => bytes >= all * MUCH_OF_BYTES)
    .map((group) => ({
      at: group.prefix,
      message: `Strings of ${humanBytes(Math.round(group.elements / group.keys))} on average make up ${percent(group.bytes / all)} of the bytes on ${node.name}, and for ${count(gets)} reads there are ${count(sets)} writes: documents seem to be rewritten whole.`,
      evidence: [
        `cmdstat_set:calls=${sets}`,
        `cmdstat_get:calls=${gets}`,
        `"${group.prefix}": ${group.keys} sampled, ${group.elements} bytes in all`,
      ],
      remedy: facts.model
        ? 'Keep the record as a hash with a field for each part (`client.patterns`: records), and write what has changed.'
        : 'Keep the record as a hash with a field for each part, and write what has changed with HSET.',
    }));
}
