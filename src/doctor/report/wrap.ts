/** The lines of a text of at most `width` characters. Words that are longer, such as names of keys, are broken. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word];
  return Array.from({ length: Math.ceil(word.length / width) }, (_, i) =>
    word.slice(i * width, (i + 1) * width),
  );
}

/** A text below a mark: the first line behind the mark, the others as far to the right. */
export function hanging(mark: string, text: string, columns: number): readonly string[] {
  const indent = ' '.repeat(mark.length);
  return wrapped(text, Math.max(20, columns - mark.length)).map(
    (line, i) => `${i === 0 ? mark : indent}${line}`,
  );
}
