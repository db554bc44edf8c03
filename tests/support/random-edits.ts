import fc from 'fast-check';

/** Something that a user does to one of their files; numbers are taken modulo what there is. */
export interface RandomEdit {
  readonly kind: 'insert' | 'replace' | 'remove' | 'append' | 'delete' | 'windows';
  readonly file: number;
  readonly line: number;
  readonly n: number;
}

export const randomEdits: fc.Arbitrary<readonly RandomEdit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'insert' as const,
      'insert' as const,
      'replace' as const,
      'replace' as const,
      'remove' as const,
      'append' as const,
      'delete' as const,
      'windows' as const,
    ),
    file: fc.nat(10_000),
    line: fc.nat(10_000),
    n: fc.nat(1_000_000_000),
  }),
  { minLength: 1, maxLength: 12 },
);

/** A line that nobody else writes, in the words of the kind of file. */
export function ownLine(path: string, n: number): string {
  if (/\.ya?ml$/.test(path)) return n % 2 === 0 ? `# own ${n}` : `x-own-${n}: true`;
  if (path.endsWith('.acl')) return `user own${n} on +ping`;
  if (path.endsWith('.conf')) return n % 3 === 0 ? `maxmemory-own ${n}` : `# own ${n}`;
  if (path.endsWith('.json')) return `"own-${n}": ${n},`;
  if (path.includes('.env')) return `OWN_${n}=`;
  if (path.endsWith('.ts')) return `// own ${n}`;
  return `own ${n}`;
}

/** The text after an edit of its lines. */
export function editLines(path: string, text: string, { kind, line, n }: RandomEdit): string {
  if (kind === 'windows') return text.replaceAll(/\r?\n/g, '\r\n');
  if (kind === 'append') return `${text}${text.endsWith('\n') ? '' : '\n'}${ownLine(path, n)}\n`;
  const lines = text.split('\n');
  const own = kind === 'remove' ? [] : [ownLine(path, n)];
  lines.splice(line % lines.length, kind === 'insert' ? 0 : 1, ...own);
  return lines.join('\n');
}

/** Lines of the user's own in a text, without their line ends. */
export function ownLines(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => /own[-_ ]?\d+/i.test(line));
}
