import type { Library } from './library.ts';

/** What one library did in one row. */
export interface Cell {
  readonly text: string;
  readonly isRight: boolean;
}

export interface Row {
  readonly title: string;
  /** What is right, by the same measure for every library. */
  readonly wanted: string;
  /** Cells in the order of the libraries. */
  readonly measure: (libraries: readonly Library[]) => Promise<readonly Cell[]>;
}

export const notThere: Cell = { text: 'has none', isRight: false };

const cellText = ({ text, isRight }: Cell) => (isRight ? `**${text}**` : text);

export const lineOf = (words: readonly string[]) =>
  `| ${words.map((word) => word.replaceAll('|', '\\|')).join(' | ')} |`;

export const headOf = (libraries: readonly Library[]) =>
  [
    lineOf(['test', 'right is', ...libraries.map(({ name }) => name)]),
    lineOf(Array.from({ length: libraries.length + 2 }, () => '---')),
  ].join('\n');

export const rowOf = ({ title, wanted }: Row, cells: readonly Cell[]) =>
  lineOf([title, wanted, ...cells.map(cellText)]);
