/** A command whose time grows with the data it touches, and what to do instead. */
export interface CostlyCommand {
  /** What it does in proportion to what. */
  readonly grows: string;
  readonly instead: string;
  /** A write is repeated on replicas, where it is the primary's that counts. */
  readonly writes?: true;
}

const page = 'Ask for what is needed: fields with HMGET, pages with HSCAN and a small COUNT.';
const members = 'Ask for single members with SMISMEMBER, or walk with SSCAN and a small COUNT.';
const range = 'Ask for a bounded range instead of `0 -1`, page by page.';
const limit = 'Bound it with LIMIT, or by narrower scores.';
const combine = 'Combine smaller sets, keep the result and renew it now and then, or combine on a replica.';
const walk = 'Give it a smaller COUNT; ten to a hundred is enough.';
const list = 'Keep lists short, or use a sorted set or a hash where elements are looked for in the middle.';
const flush = 'Add ASYNC: the memory is then freed beside the service.';

export const COSTLY: Readonly<Record<string, CostlyCommand>> = {
  hgetall: { grows: 'the fields of the hash', instead: page },
  hkeys: { grows: 'the fields of the hash', instead: page },
  hvals: { grows: 'the fields of the hash', instead: page },
  smembers: { grows: 'the members of the set', instead: members },
  lrange: { grows: 'the elements in the range', instead: range },
  zrange: { grows: 'the elements in the range', instead: range },
  zrevrange: { grows: 'the elements in the range', instead: range },
  zrangebyscore: { grows: 'the elements between the scores', instead: limit },
  zrevrangebyscore: { grows: 'the elements between the scores', instead: limit },
  zrangebylex: { grows: 'the elements in the range', instead: limit },
  xrange: { grows: 'the entries in the range', instead: 'Give it a COUNT and go on from the last id.' },
  xrevrange: { grows: 'the entries in the range', instead: 'Give it a COUNT and go on from the last id.' },
  sinter: { grows: 'the members of the smallest set times the sets', instead: combine },
  sunion: { grows: 'the members of all sets', instead: combine },
  sdiff: { grows: 'the members of all sets', instead: combine },
  sinterstore: { grows: 'the members of the smallest set times the sets', instead: combine, writes: true },
  sunionstore: { grows: 'the members of all sets', instead: combine, writes: true },
  sdiffstore: { grows: 'the members of all sets', instead: combine, writes: true },
  zinterstore: { grows: 'the members of the sets', instead: combine, writes: true },
  zunionstore: { grows: 'the members of the sets', instead: combine, writes: true },
  sort: { grows: 'the elements to sort', instead: 'Keep a sorted set, or sort in the application.' },
  lindex: { grows: 'the elements up to the index', instead: list },
  ltrim: {
    grows: 'the elements that go',
    instead: 'Trim with every push, so that little goes at a time.',
    writes: true,
  },
  zremrangebyscore: {
    grows: 'the elements that go',
    instead: 'Remove more often, so that little goes at a time.',
    writes: true,
  },
  zremrangebyrank: {
    grows: 'the elements that go',
    instead: 'Remove more often, so that little goes at a time.',
    writes: true,
  },
  mget: {
    grows: 'the keys that are named',
    instead: 'Name some hundred keys at a time, and pipeline the calls.',
  },
  mset: {
    grows: 'the keys that are named',
    instead: 'Name some hundred keys at a time, and pipeline the calls.',
    writes: true,
  },
  del: {
    grows: 'the elements of what goes',
    instead: 'Use UNLINK, or set lazyfree-lazy-user-del to yes: the memory is then freed beside the service.',
    writes: true,
  },
  flushall: { grows: 'all keys', instead: flush, writes: true },
  flushdb: { grows: 'all keys of the database', instead: flush, writes: true },
  scan: { grows: 'COUNT', instead: walk },
  hscan: { grows: 'COUNT', instead: walk },
  sscan: { grows: 'COUNT', instead: walk },
  zscan: { grows: 'COUNT', instead: walk },
  bitcount: {
    grows: 'the bytes of the string',
    instead: 'Give it a range, or count into a counter as bits are set.',
  },
  bitop: {
    grows: 'the bytes of the strings',
    instead: 'Split the bitmap over several keys, or run it on a replica.',
    writes: true,
  },
  'client|list': {
    grows: 'the connected clients',
    instead: 'Call it rarely, with a TYPE or an ID; INFO clients has the counts.',
  },
  'cluster|slots': {
    grows: 'the nodes and ranges of the cluster',
    instead: 'Let clients keep their map of slots and renew it when they are redirected.',
  },
};
