/** A line of a configuration file: a directive and its words, quotes taken off. */
export interface ConfLine {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
}

/** Reads redis.conf and sentinel.conf as the servers do: one directive a line, words in blanks or quotes, `#` first. */
export function readConf(text: string): readonly ConfLine[] {
  return text.split(/\r?\n/).flatMap((raw, i) => {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const [name = '', ...args] = words(trimmed);
    return [{ name: name.toLowerCase(), args, line: i + 1 }];
  });
}

function words(line: string): readonly string[] {
  const found = line.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\')*)'|(\S+)/g);
  return [...found].map(
    ([, double, single, plain]) => double?.replace(/\\(.)/g, '$1') ?? single ?? plain ?? '',
  );
}
