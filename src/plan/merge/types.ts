/** Something that both the user and we changed, to different ends. */
export interface Clash {
  /** The directive, the path of the key, or the line. */
  readonly at: string;
  readonly pristine: string;
  readonly current: string;
  readonly next: string;
}

/**
 * A merge of three texts: what we wrote last, what is there now, what we would write now. When something clashes,
 * `proposal` is the whole text with labelled markers around it, for reading; it never replaces the user's file.
 */
export type MergeResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly proposal: string; readonly clashes: readonly Clash[] };

/** The side to take where both sides changed the same thing. */
export type Settle = 'yours' | 'generated';

export type MergeTexts = (
  pristine: string,
  current: string,
  next: string,
  settle?: Settle | undefined,
) => MergeResult;

/** A clash in the notation that editors know. */
export function markers({ pristine, current, next }: Clash): string {
  const line = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
  return [
    '<<<<<<< yours\n',
    line(current),
    '||||||| generated last time\n',
    line(pristine),
    '=======\n',
    line(next),
    '>>>>>>> generated now\n',
  ].join('');
}
