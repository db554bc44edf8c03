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

/** The few bounded read-only commands, if any, whose replies tell how small a key could be. */
export function questionsFor(_key: KeyLook, _settings: Settings): readonly Words[] {
  return [];
}

/** What could be saved on a key, from the replies to its questions in the same order. An Error is a reply too. */
export function savingsOf(
  _key: KeyLook,
  _replies: readonly unknown[],
  _settings: Settings,
): readonly KeySaving[] {
  return [];
}
