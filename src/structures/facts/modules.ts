import type { Structure } from '../types.ts';
import { costs } from './values.ts';

const json: Structure = {
  id: 'json',
  title: 'JSON document',
  is: 'a document that the server understands and changes in part',
  requires: 'json',
  commands: [
    costs('JSON.SET key $.path value', 'O(M+N)', 'writes a part; M and N are the old and the new one'),
    costs('JSON.GET key $.path', 'O(N)', 'reads a part; N is its size'),
    costs('JSON.NUMINCRBY key $.path n', 'O(1)', 'adds to a number in it, where the path names one'),
  ],
  encodings: [],
  avoid: ['Documents of megabytes under one key: saving, copying and evicting them is all or nothing.'],
};

const bloomFilter: Structure = {
  id: 'bloom-filter',
  title: 'Bloom filter',
  is: 'remembers what was added, in a few bits each; it may say yes wrongly, and never no',
  requires: 'bloom',
  commands: [
    costs('BF.RESERVE key 0.001 1000000', 'O(1)', 'error rate and capacity, before the first one'),
    costs('BF.ADD key item', 'O(K)', 'K hash functions; says whether it is new'),
    costs('BF.EXISTS key item', 'O(K)', 'was it added?'),
  ],
  encodings: [],
  avoid: [
    'Taking something out again: it cannot. A cuckoo filter can.',
    'Letting it grow far beyond its capacity: each growth adds a filter that every question goes through.',
  ],
};

const topK: Structure = {
  id: 'top-k',
  title: 'Top-K sketch',
  is: 'the k most frequent of an endless flow, approximately, in a fixed size',
  requires: 'top-k',
  commands: [
    costs('TOPK.RESERVE key k', 'O(1)', 'how many to keep'),
    costs('TOPK.ADD key item', 'O(k)', 'one more of it'),
    costs('TOPK.LIST key WITHCOUNT', 'O(k*log(k))', 'those k, with their counts'),
  ],
  encodings: [],
  avoid: ['Counts that somebody is billed for: they are estimates.'],
};

const timeSeries: Structure = {
  id: 'time-series',
  title: 'time series',
  is: 'samples over time, compressed, with labels, averages and retention',
  requires: 'time-series',
  commands: [
    costs('TS.ADD key timestamp value', 'O(M)', 'M rules of compaction, O(1) without any'),
    costs('TS.RANGE key from to AGGREGATION avg ms', 'O(n/m+k)', 'n samples, m in a chunk, k in the range'),
    costs('TS.MRANGE from to FILTER label=value', 'O(n/m+k)', 'over many series at once'),
  ],
  encodings: [],
  avoid: ['Labels with endlessly many values, such as ids of requests: each makes a series.'],
};

const vectorSet: Structure = {
  id: 'vector-set',
  title: 'vector set',
  is: 'elements with vectors, searched by likeness',
  requires: 'vector-set',
  commands: [
    costs('VADD key VALUES d v1 ... element', 'O(log(N))', 'adds one'),
    costs('VSIM key ELE element COUNT n', 'O(log(N))', 'those that are most alike'),
    costs('VREM key element', 'O(log(N))', 'takes one out'),
  ],
  encodings: [
    { name: 'int8', until: 'the default: a byte a dimension' },
    { name: 'f32', until: 'NOQUANT: four bytes a dimension' },
    { name: 'bin', until: 'BIN: a bit a dimension, least exact' },
  ],
  avoid: ['One set on one shard for billions: split it by hash of the element and merge the answers.'],
};

const searchIndex: Structure = {
  id: 'search-index',
  title: 'search index',
  is: 'an index that the server keeps over fields of hashes or JSON documents',
  requires: 'search',
  commands: [
    costs(
      'FT.CREATE index PREFIX 1 item: SCHEMA ...',
      'O(N)',
      'N keys that are there are indexed in the background',
    ),
    costs('FT.SEARCH index query LIMIT 0 10', 'O(N)', 'N results of a plain word; more for complex queries'),
  ],
  encodings: [],
  avoid: ['Indexing fields that nobody searches: each costs memory and time at every write.'],
};

export const MODULES: readonly Structure[] = [json, bloomFilter, topK, timeSeries, vectorSet, searchIndex];
