import type { Words } from '../../redis/connection.ts';

/** One key as SCAN, TYPE, OBJECT ENCODING, MEMORY USAGE, PTTL and the length command of its type tell it. */
export interface KeyLook {
  readonly key: Buffer;
  readonly db: number;
  readonly type: string;
  readonly encoding: string;
  /** MEMORY USAGE. */
  readonly bytes: number;
  /** Elements, or bytes of a string. */
  readonly elements: number;
  /** -1 for a key that never ends. */
  readonly ttlMs: number;
}

/** Settings of the node, as CONFIG GET names them. */
export type Settings = Readonly<Record<string, string>>;

/** What one change would make of one key. */
export interface KeySaving {
  readonly change: string;
  /** The least value of the setting that gets it; undefined where the change is not one of settings. */
  readonly value: string | undefined;
  readonly nowBytes: number;
  readonly thenBytes: number;
}

/** Something that could be smaller. */
export interface Advisor {
  /** Bounded read-only commands whose replies tell how small the key could be; undefined where nothing can be saved. */
  readonly questions: (key: KeyLook, settings: Settings) => readonly Words[] | undefined;
  /** From the replies to these questions. */
  readonly savings: (key: KeyLook, replies: readonly unknown[], settings: Settings) => readonly KeySaving[];
}

/** MEMORY USAGE over all elements: the samples that it usually takes are the same fields of each key, which may be its largest. */
export const wholeUsage = (key: Buffer, elements: number): Words => [
  'MEMORY',
  'USAGE',
  key,
  'SAMPLES',
  String(elements),
];

/** The number that a setting is; undefined where the server has none of this name. */
export function threshold(settings: Settings, name: string): number | undefined {
  const text = settings[name];
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}

/** Bulk replies of a list or of `[cursor, list]`; empty where it is neither. */
export function textsOf(reply: unknown): readonly Buffer[] {
  if (!Array.isArray(reply)) return [];
  const list: readonly unknown[] = Array.isArray(reply[1]) ? reply[1] : reply;
  return list.filter((one): one is Buffer => Buffer.isBuffer(one));
}
