import { humanBytes, MIB, parseBytes } from '../model/bytes.ts';
import type { SpecInput } from '../spec/schema.ts';
import type { Reading } from './reading.ts';
import type { Settings } from './topic-settings.ts';
import type { Account } from './types.ts';

/** The memory limits of the charts' presets. */
export const PRESETS: Readonly<Record<string, string>> = {
  nano: '192Mi',
  micro: '384Mi',
  small: '768Mi',
  medium: '1536Mi',
  large: '3072Mi',
  xlarge: '6144Mi',
  '2xlarge': '12288Mi',
};

const LEAST = 64 * MIB;

export interface Memory {
  readonly spec: NonNullable<SpecInput['memory']>;
  /** What became of the directives. */
  readonly taken: ReadonlyMap<string, Omit<Account, 'key'>>;
}

export function readMemory(reading: Reading, settings: Settings): Memory {
  const taken = new Map<string, Omit<Account, 'key'>>();
  const maxmemory = readMaxmemory(reading, settings, taken);
  const limit = readLimit(reading);
  const eviction = settings.effective.get('maxmemory-policy')?.args[0]?.toLowerCase() ?? 'noeviction';
  if (settings.effective.get('maxmemory-policy')?.key === undefined) {
    reading.implied.push({
      path: 'memory.eviction',
      value: eviction,
      why: 'What a server does that is not told otherwise.',
    });
  }
  taken.set('maxmemory-policy', {
    verdict: 'taken',
    to: `memory.eviction ${eviction}`,
    why: 'What a full server does.',
  });
  return {
    spec: { ...(limit === undefined ? {} : { limit }), maxmemory: maxmemory ?? 'auto', eviction },
    taken,
  };
}

function readMaxmemory(
  reading: Reading,
  { effective }: Settings,
  taken: Map<string, Omit<Account, 'key'>>,
): string | undefined {
  const setting = effective.get('maxmemory');
  if (!setting) return undefined;
  const text = setting.args.join(' ');
  const bytes = parseBytes(text);
  if (bytes === undefined && setting.key !== undefined) {
    reading.object(
      setting.key,
      `maxmemory ${JSON.stringify(text.slice(0, 40))} is no size.`,
      'Write for instance maxmemory 700mb.',
    );
    return undefined;
  }
  if (bytes === 0) {
    taken.set('maxmemory', {
      verdict: 'not-possible',
      why: 'A server without a bound is killed at its limit; memory.maxmemory auto is computed from the limit.',
    });
    return undefined;
  }
  taken.set('maxmemory', {
    verdict: 'taken',
    to: `memory.maxmemory ${text}`,
    why: 'Of the data of one node.',
  });
  return text;
}

interface Limit {
  readonly key: string;
  readonly text: string;
  readonly bytes: number;
}

/** The largest limit of the data nodes: they change roles, so one holds for all. */
function readLimit(reading: Reading): string | undefined {
  const sections = reading.isCluster || reading.isSingle ? [reading.main] : [reading.main, 'replica'];
  const found = sections.flatMap((section) => limitOf(reading, section) ?? []);
  const largest = [...found].sort((a, b) => b.bytes - a.bytes)[0];
  if (!largest) return undefined;
  const text = largest.bytes < LEAST ? '64Mi' : largest.text;
  for (const limit of found) {
    reading.take(limit.key, 'memory.limit', text, limitWhy(limit, largest));
  }
  return text;
}

function limitWhy(limit: Limit, largest: Limit): string {
  if (largest.bytes < LEAST) return 'The least that a server is given.';
  if (limit.bytes < largest.bytes)
    return `Less than ${largest.key}: data nodes change roles, so the larger holds for all.`;
  return PRESETS[limit.text] === undefined && limit.key.endsWith('resourcesPreset')
    ? `The preset limits a container to ${humanBytes(limit.bytes)}.`
    : 'Of one container.';
}

function limitOf(reading: Reading, section: string): Limit | undefined {
  const key = `${section}.resources.limits.memory`;
  const given = reading.text(key);
  const preset = `${section}.resourcesPreset`;
  if (given !== undefined) {
    reading.say(preset, { verdict: 'not-needed', why: `${section}.resources is set and has the last word.` });
    return ownLimit(reading, key, given);
  }
  return presetLimit(reading, preset, reading.text(preset));
}

/** Kubernetes also takes 1e9 and 128974848000m. */
function ownLimit(reading: Reading, key: string, given: string): Limit | undefined {
  const plain = /^\d+(?:\.\d+)?e\d{1,2}$/i.test(given) ? String(Number(given)) : given;
  const bytes = /m$/.test(plain) ? undefined : parseBytes(plain);
  if (bytes !== undefined) return { key, text: plain, bytes };
  reading.refuse(key, 'is no amount of memory.', 'Write for instance 1Gi or 512Mi.');
  return undefined;
}

function presetLimit(reading: Reading, key: string, preset: string | undefined): Limit | undefined {
  if (preset === undefined) return undefined;
  if (preset === 'none') {
    reading.say(key, {
      verdict: 'not-possible',
      why: 'A server without a limit can take the machine with it; memory.limit is as the summary says.',
    });
    return undefined;
  }
  const text = Object.hasOwn(PRESETS, preset) ? PRESETS[preset] : undefined;
  const bytes = parseBytes(text ?? '');
  if (text !== undefined && bytes !== undefined) return { key, text, bytes };
  reading.refuse(key, 'is no preset of the chart.', `Write one of ${Object.keys(PRESETS).join(', ')}, none.`);
  return undefined;
}

/** Limits to choose from where only maxmemory is known. */
const STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048];
export const LIMITS: readonly string[] = [
  '64Mi',
  '128Mi',
  '192Mi',
  '256Mi',
  '384Mi',
  '512Mi',
  '768Mi',
  ...STEPS.map((gib) => `${gib}Gi`),
];
