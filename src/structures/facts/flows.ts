import type { Structure } from '../types.ts';
import { costs } from './values.ts';

const stream: Structure = {
  id: 'stream',
  title: 'stream',
  is: 'an append-only log of entries with fields; groups of consumers share the work and confirm it',
  commands: [
    costs('XADD key [MAXLEN ~ n] * field value', 'O(1)', 'adds an entry; trimming in whole nodes is cheap'),
    costs(
      'XREADGROUP GROUP group consumer BLOCK ms STREAMS key >',
      'O(M)',
      'waits for entries that nobody in the group has',
    ),
    costs('XACK key group id', 'O(1)', 'confirms one'),
    costs('XAUTOCLAIM key group consumer min-idle start', 'O(1)', 'takes over what a dead consumer has left'),
    costs('XRANGE key start end COUNT n', 'O(N)', 'reads again, by time; N is what is returned'),
    costs('XLEN key', 'O(1)', 'how many'),
  ],
  encodings: [
    { name: 'stream', until: 'nodes of stream-node-max-entries 100 or stream-node-max-bytes 4096' },
  ],
  avoid: [
    'XADD without MAXLEN or MINID: a stream never shrinks by itself, nor when entries are confirmed.',
    'Consumers that are never taken out, and entries that are never confirmed: each is remembered for good.',
    'A new stream for each user: a stream has a fixed cost of its own; for short logs use a list.',
  ],
};

const pubsub: Structure = {
  id: 'pubsub',
  title: 'pub/sub channel',
  is: 'a message to everybody who listens at this moment; nothing is kept',
  commands: [
    costs('PUBLISH channel message', 'O(N+M)', 'N subscribers of the channel, M patterns'),
    costs('SUBSCRIBE channel [channel ...]', 'O(N)', 'listens; the connection does nothing else'),
    costs('SPUBLISH channel message', 'O(N)', 'on a cluster: to one shard rather than to every node'),
  ],
  encodings: [],
  avoid: [
    'Anything that must arrive: who is away has missed it. Use a stream.',
    'PSUBSCRIBE with many patterns: every message is held against every pattern.',
    'Slow listeners: what waits for them fills client-output-buffer-limit pubsub, and then they are cut off.',
  ],
};

export const FLOWS: readonly Structure[] = [stream, pubsub];
