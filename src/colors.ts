import { isatty } from 'node:tty';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colours are for terminals: not for pipes, not where NO_COLOR asks for none. */
const enabled =
  process.env.FORCE_COLOR !== undefined
    ? process.env.FORCE_COLOR !== '0'
    : isatty(1) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

const paint = (style: Style) => (text: string) => (enabled ? styleText(style, text) : text);

export const colors = {
  red: paint('red'),
  green: paint('green'),
  yellow: paint('yellow'),
  cyan: paint('cyan'),
  bold: paint('bold'),
  dim: paint('dim'),
};
