import { humanBytes } from '../../model/bytes.ts';
import { SECTIONS } from '../../model/directives.ts';
import type { AclUser, Directive, SentinelModel, StackModel } from '../../model/types.ts';

interface SectionView {
  readonly title: string;
  readonly directives: readonly { readonly why: string; readonly line: string }[];
}

/** What redis.conf.hbs is filled with. */
export function redisConfView(model: StackModel) {
  return {
    title: `redis.conf of ${model.spec.name}, ${model.engine.title} ${model.engine.version}`,
    memory: {
      limit: humanBytes(model.memory.limitBytes),
      parts: model.memory.parts.map((part) => ({
        label: part.label,
        amount: humanBytes(part.bytes).padStart(10),
      })),
    },
    sections: SECTIONS.map((title) => sectionView(title, model.directives)).filter(
      (s) => s.directives.length > 0,
    ),
  };
}

/** What sentinel.conf.hbs is filled with. */
export function sentinelConfView(sentinel: SentinelModel, model: StackModel) {
  const titles = [...new Set(sentinel.directives.map((d) => d.section))];
  return {
    title: `sentinel.conf of ${model.spec.name}, ${model.engine.title} ${model.engine.version}`,
    sections: titles.map((title) => sectionView(title, sentinel.directives)),
  };
}

/** What users.acl.hbs is filled with. */
export function usersView(title: string, users: readonly AclUser[]) {
  return { title, users: users.map(({ name, rules, why }) => ({ name, why, rules: rules.join(' ') })) };
}

function sectionView(title: string, directives: readonly Directive[]): SectionView {
  return {
    title,
    directives: directives
      .filter((d) => d.section === title)
      .map((d) => ({ why: d.why, line: [d.name, ...d.args].join(' ') })),
  };
}
