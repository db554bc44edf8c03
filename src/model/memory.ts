import type { StackSpec } from '../spec/types.ts';
import { GIB, MIB, parseBytes } from './bytes.ts';
import type { MemoryModel } from './types.ts';

/** Share of maxmemory that the allocator and the dictionaries take on top of the data. */
const FRAGMENTATION = 0.1;

/**
 * Pages that a fork copies while parent and child both live, as a share of maxmemory: every page that is written during
 * a snapshot, a rewrite or a full resync exists twice.
 */
export function copyOnWriteShare(spec: StackSpec, replicated: boolean): number {
  const aof = spec.persistence.mode === 'aof' || spec.persistence.mode === 'hybrid';
  if (aof) return 0.5;
  return spec.persistence.mode === 'rdb' || replicated ? 0.25 : 0;
}

/** maxmemory out of the container limit, downwards in whole MiB, with the arithmetic that led to it. */
export function memoryModel(spec: StackSpec, replicated: boolean): MemoryModel {
  const limitBytes = parseBytes(spec.memory.limit) ?? GIB;
  const overhead = Math.min(64 * MIB, Math.floor(limitBytes / 8));
  const backlogBytes = replicated ? clamp(floorMib(limitBytes / 16), MIB, 64 * MIB) : 0;
  const cow = copyOnWriteShare(spec, replicated);
  const fixed = overhead + backlogBytes;
  const computed = floorMib((limitBytes - fixed) / (1 + FRAGMENTATION + cow));
  const chosen = spec.memory.maxmemory === 'auto' ? undefined : parseBytes(spec.memory.maxmemory);
  const maxmemoryBytes = chosen ?? computed;
  const fragmentation = Math.ceil(maxmemoryBytes * FRAGMENTATION);
  const copies = Math.ceil(maxmemoryBytes * cow);
  const rest = limitBytes - fixed - maxmemoryBytes - fragmentation - copies;
  return {
    limitBytes,
    maxmemoryBytes,
    backlogBytes,
    parts: [
      { label: 'data (maxmemory)', bytes: maxmemoryBytes },
      { label: 'fragmentation and dictionaries, 10 % of maxmemory', bytes: fragmentation },
      { label: `pages copied while a fork runs, ${Math.round(cow * 100)} % of maxmemory`, bytes: copies },
      { label: 'replication backlog', bytes: backlogBytes },
      { label: 'server, clients and buffers', bytes: overhead },
      { label: 'left over', bytes: rest },
    ].filter((part) => part.bytes !== 0),
    floorBytes: maxmemoryBytes + fragmentation + fixed,
  };
}

function floorMib(bytes: number): number {
  return Math.max(1, Math.floor(bytes / MIB)) * MIB;
}

function clamp(n: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, n));
}
