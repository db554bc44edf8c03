import type { Structure } from '../types.ts';
import { costs } from './values.ts';

const hash: Structure = {
  id: 'hash',
  title: 'hash',
  is: 'fields with values under one key',
  commands: [
    costs('HSET key field value [field value ...]', 'O(1)', 'writes a field; O(N) for N of them'),
    costs('HGET key field', 'O(1)', 'reads one'),
    costs('HMGET key field [field ...]', 'O(N)', 'reads N of them'),
    costs('HINCRBY key field n', 'O(1)', 'adds to a number in a field'),
    costs('HGETALL key', 'O(N)', 'reads all; for small hashes only'),
    costs('HSCAN key cursor', 'O(1)', 'a part at a time, for large ones'),
  ],
  encodings: [
    { name: 'listpack', until: 'hash-max-listpack-entries 512 and hash-max-listpack-value 64 bytes' },
    { name: 'listpackex', until: 'the same limits, with fields that expire', since: { redis: '7.4' } },
    { name: 'hashtable', until: 'everything larger; it does not go back when the hash shrinks' },
  ],
  avoid: [
    'HGETALL on a hash that grows without bound: it holds the server up and fills the buffer of the client.',
    'One hash for everything: it has one lifetime, lives on one shard of a cluster, and cannot be evicted in part.',
  ],
};

const list: Structure = {
  id: 'list',
  title: 'list',
  is: 'elements in the order in which they were pushed, quick at both ends',
  commands: [
    costs('LPUSH key element [element ...]', 'O(1)', 'puts one at the head'),
    costs('RPOP key', 'O(1)', 'takes one from the tail'),
    costs('LRANGE key start stop', 'O(S+N)', 'reads N elements; S is the distance from the nearer end'),
    costs('LTRIM key 0 99', 'O(N)', 'keeps the newest hundred; N is how many go'),
    costs(
      'BLMOVE source target LEFT RIGHT seconds',
      'O(1)',
      'waits for one and hands it over without losing it',
    ),
    costs('LINDEX key index', 'O(N)', 'reads from the middle, by walking there'),
  ],
  encodings: [
    {
      name: 'listpack',
      until: 'list-max-listpack-size -2, that is 8 KiB',
      since: { redis: '7.2', valkey: '7.2' },
    },
    { name: 'quicklist', until: 'everything larger: a chain of listpacks of 8 KiB' },
  ],
  avoid: [
    'LINDEX, LINSERT, LREM and LPOS in long lists: they walk, O(N).',
    'A list that nobody trims: it grows until memory ends.',
    'Polling with RPOP: BLMOVE or BLPOP wait in the server, with a timeout.',
  ],
};

const set: Structure = {
  id: 'set',
  title: 'set',
  is: 'different members without order',
  commands: [
    costs('SADD key member [member ...]', 'O(1)', 'adds one; says whether it is new'),
    costs('SISMEMBER key member', 'O(1)', 'is it in?'),
    costs('SCARD key', 'O(1)', 'how many'),
    costs('SREM key member [member ...]', 'O(N)', 'takes N out'),
    costs(
      'SINTERCARD numkeys key [key ...] [LIMIT n]',
      'O(N*M)',
      'how many are in all M sets; N is the smallest',
    ),
    costs('SMEMBERS key', 'O(N)', 'all of them; for small sets only, else SSCAN'),
  ],
  encodings: [
    { name: 'intset', until: 'whole numbers only, set-max-intset-entries 512' },
    {
      name: 'listpack',
      until: 'set-max-listpack-entries 128 and set-max-listpack-value 64 bytes',
      since: { redis: '7.2', valkey: '7.2' },
    },
    { name: 'hashtable', until: 'everything larger; it does not go back when the set shrinks' },
  ],
  avoid: [
    'SMEMBERS, SUNION and SINTER over large sets in the path of a request: O(N), and the reply is as large.',
    'On a cluster, combining sets of different slots: give those that belong together one hash tag.',
  ],
};

const sortedSet: Structure = {
  id: 'sorted-set',
  title: 'sorted set',
  is: 'different members, each with a score, in the order of the scores',
  commands: [
    costs('ZADD key score member', 'O(log(N))', 'writes a score; GT keeps the higher one'),
    costs('ZINCRBY key n member', 'O(log(N))', 'adds to it'),
    costs('ZSCORE key member', 'O(1)', 'reads it'),
    costs('ZRANK key member', 'O(log(N))', 'its place, ZREVRANK from the top'),
    costs('ZRANGE key start stop [REV]', 'O(log(N)+M)', 'M of them by rank; BYSCORE and BYLEX by range'),
    costs('ZREMRANGEBYSCORE key min max', 'O(log(N)+M)', 'ends M of them by score'),
    costs('ZCARD key', 'O(1)', 'how many'),
  ],
  encodings: [
    { name: 'listpack', until: 'zset-max-listpack-entries 128 and zset-max-listpack-value 64 bytes' },
    { name: 'skiplist', until: 'everything larger: a skip list and a table beside it' },
  ],
  avoid: [
    'Scores above 2^53: they are 64-bit floating point numbers and lose whole units there.',
    'ZRANGE 0 -1 on a large one: ask for a page.',
    'One sorted set for all the world: it lives on one shard. Split it by day, region or league.',
  ],
};

const geo: Structure = {
  id: 'geo',
  title: 'geospatial index',
  is: 'a sorted set whose scores are places on Earth',
  commands: [
    costs('GEOADD key longitude latitude member', 'O(log(N))', 'puts a place down; longitude stands first'),
    costs(
      'GEOSEARCH key FROMLONLAT x y BYRADIUS r km',
      'O(N+log(M))',
      'who is within; N is what lies around the area, M all places',
    ),
    costs('GEODIST key one other', 'O(1)', 'how far apart two are'),
    costs('ZREM key member', 'O(log(N))', 'takes one out: it is a sorted set'),
  ],
  encodings: [
    { name: 'listpack', until: 'zset-max-listpack-entries 128 and zset-max-listpack-value 64 bytes' },
    { name: 'skiplist', until: 'everything larger' },
  ],
  avoid: [
    'A radius that takes in half of all places: the cost is that of all of them. Use COUNT.',
    'Distances to the centimetre: places are kept in 52 bits, and the Earth as a perfect sphere, with an error of 0.5 % at most.',
  ],
};

export const COLLECTIONS: readonly Structure[] = [hash, list, set, sortedSet, geo];
