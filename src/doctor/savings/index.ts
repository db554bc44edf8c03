import type { Words } from '../../redis/connection.ts';
import { CONTAINERS } from './containers.ts';
import type { Advisor, KeyLook, KeySaving, Settings } from './key.ts';
import { LIST } from './list.ts';
import { INTEGER_STRINGS, SHORTER_NAMES, STRINGS_IN_HASHES } from './strings.ts';

export type { KeyLook, KeySaving, Settings } from './key.ts';

const ADVISORS: readonly Advisor[] = [...CONTAINERS, LIST, INTEGER_STRINGS, SHORTER_NAMES, STRINGS_IN_HASHES];

/** The few bounded read-only commands, if any, whose replies tell how small a key could be. */
export function questionsFor(key: KeyLook, settings: Settings): readonly Words[] {
  return ADVISORS.flatMap(({ questions }) => questions(key, settings) ?? []);
}

/** What could be saved on a key, from the replies to its questions in the same order. An Error is a reply too. */
export function savingsOf(
  key: KeyLook,
  replies: readonly unknown[],
  settings: Settings,
): readonly KeySaving[] {
  const left = [...replies];
  return ADVISORS.flatMap(({ questions, savings }) => {
    const asked = questions(key, settings);
    return asked ? savings(key, left.splice(0, asked.length), settings) : [];
  });
}
