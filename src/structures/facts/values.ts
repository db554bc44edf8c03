import type { CommandCost, Structure } from '../types.ts';

/** A command, its cost and what it does, in one line. */
export const costs = (words: string, cost: string, does: string): CommandCost => ({ words, cost, does });

const string: Structure = {
  id: 'string',
  title: 'string',
  is: 'one value of up to 512 MiB under one key: a text, JSON, a number, any bytes',
  commands: [
    costs(
      'SET key value [EX seconds] [NX]',
      'O(1)',
      'writes it, with its lifetime, or only where there is none',
    ),
    costs('GET key', 'O(1)', 'reads it'),
    costs('MGET key [key ...]', 'O(N)', 'reads N of them in one round trip; on a cluster from one slot'),
    costs('INCRBY key n', 'O(1)', 'adds to a number, atomically'),
    costs('DEL key', 'O(1)', 'ends it; UNLINK frees a large one in the background'),
  ],
  encodings: [
    { name: 'int', until: 'whole numbers of 64 bits' },
    {
      name: 'embstr',
      until:
        'short texts, in one piece with their object: 44 bytes, in Valkey 8.1 and later less or more by the length of the key',
    },
    { name: 'raw', until: 'everything longer, and what APPEND or SETRANGE have changed' },
  ],
  avoid: [
    'Values above 100 KiB: each read sends all of it, and others wait meanwhile.',
    'Reading, changing and writing back: of two writers one is lost. INCRBY, SET NX or a script do it in one step.',
  ],
};

const bitmap: Structure = {
  id: 'bitmap',
  title: 'bitmap',
  is: 'the bits of one string, each addressed by its number',
  commands: [
    costs('SETBIT key offset 1', 'O(1)', 'sets the bit of one number'),
    costs('GETBIT key offset', 'O(1)', 'reads it'),
    costs('BITCOUNT key [start end]', 'O(N)', 'counts the bits that are set; N is the bytes of the range'),
    costs('BITOP AND target key [key ...]', 'O(N)', 'combines bitmaps; N is the longest in bytes'),
  ],
  encodings: [{ name: 'raw', until: 'highest number / 8 bytes, however few bits are set' }],
  avoid: [
    'Numbers that are large and far apart: one bit at 4,000,000,000 takes 512 MiB. Number things from 0 on.',
    'BITCOUNT or BITOP over many megabytes in the path of a request: the server does nothing else meanwhile.',
  ],
};

const hyperloglog: Structure = {
  id: 'hyperloglog',
  title: 'HyperLogLog',
  is: 'an estimate of how many different elements were added, in 12 KiB at most',
  commands: [
    costs('PFADD key element [element ...]', 'O(1)', 'adds one'),
    costs('PFCOUNT key', 'O(1)', 'estimates, with a standard error of 0.81 %; over several keys O(N)'),
    costs('PFMERGE target key [key ...]', 'O(N)', 'joins N of them'),
  ],
  encodings: [
    { name: 'sparse', until: 'hll-sparse-max-bytes 3000' },
    { name: 'dense', until: 'everything larger: 12 KiB, whether a thousand or a billion were added' },
  ],
  avoid: [
    'Asking whether a certain one is in it, or for a list: it cannot say. Where that is needed, use a set.',
  ],
};

export const VALUES: readonly Structure[] = [string, bitmap, hyperloglog];
