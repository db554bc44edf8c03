import { importLine } from '../structures/index.ts';
import type { Told } from './advise-words.ts';

/** The same for programs; bytes are those of one element. */
export function advisedJson({ need, ground, advice, measured, remark, next }: Told): string {
  const { name, version } = ground;
  const told = {
    need,
    engine: { name, version },
    measured: measured && { where: measured.where, bytes: measured.bytes, hasTable: measured.hasTable },
    remark,
    advice: advice.map(({ use, structure, score, unavailable, ...said }) => ({
      id: use.id,
      title: use.title,
      structure: structure.id,
      score,
      for: said.for,
      against: said.against,
      unavailable,
      why: use.why,
      trade: use.trade,
      commands: use.commands ?? structure.commands,
      encodings: structure.encodings.map(({ name: encoding, until }) => ({ name: encoding, until })),
      avoid: [...use.avoid, ...structure.avoid],
      memory: measured?.figures.get(use.id) ?? [],
      pattern: use.pattern && { id: use.pattern, import: importLine(use.pattern), beside: use.beside ?? [] },
    })),
    next,
  };
  return `${JSON.stringify(told, null, 2)}\n`;
}
