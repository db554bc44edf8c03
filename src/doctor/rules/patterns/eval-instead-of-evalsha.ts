import type { NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { count, many, percent } from '../../words.ts';
import { callsOf } from './calls.ts';

const FEW_CALLS = 10_000;
const MUCH = 0.1;
/** More texts than anybody writes by hand. */
const MANY_SCRIPTS = 500;

export const scriptTexts: Rule = {
  id: 'eval-instead-of-evalsha',
  group: 'patterns',
  severity: 'warning',
  title: 'Script texts sent again and again',
  looksAt: ['cmdstat_eval', 'cmdstat_evalsha', 'number_of_cached_scripts', 'evicted_scripts'],
  why: 'EVAL sends the whole text and has it hashed each time. Texts with values written into them are a new script each: every one is compiled, and kept in memory until the server restarts or evicts it.',
  fix: 'Keep texts constant, give values as KEYS and ARGV, and call by digest with EVALSHA or a function with FCALL.',
  sources: [
    'https://redis.io/docs/latest/develop/programmability/eval-intro/',
    'https://valkey.io/topics/eval-intro/',
  ],
  find: ({ nodes }) => nodes.flatMap((node) => [...generated(node), ...sentAgain(node)]),
};

function generated(node: NodeFacts): readonly Found[] {
  const cached = number(node.info, 'number_of_cached_scripts') ?? 0;
  const evicted = number(node.info, 'evicted_scripts') ?? 0;
  if (cached + evicted < MANY_SCRIPTS) return [];
  return [
    {
      at: node.name,
      message: `${many(cached, 'script')} ${cached === 1 ? 'is' : 'are'} kept and ${count(evicted)} ${evicted === 1 ? 'was' : 'were'} evicted: script texts seem to be built anew for each call.`,
      evidence: [
        `number_of_cached_scripts:${cached}`,
        `evicted_scripts:${evicted}`,
        `used_memory_scripts_eval:${node.info?.used_memory_scripts_eval ?? '?'}`,
      ],
      remedy:
        'Keep the text of a script constant and give what changes as KEYS and ARGV; then call it with EVALSHA. SCRIPT FLUSH ASYNC frees what has gathered.',
    },
  ];
}

function sentAgain(node: NodeFacts): readonly Found[] {
  const texts = callsOf(node, 'eval', 'eval_ro');
  const digests = callsOf(node, 'evalsha', 'evalsha_ro');
  const share = texts === 0 ? 0 : texts / (texts + digests);
  if (texts < FEW_CALLS || share < MUCH) return [];
  return [
    {
      severity: 'note',
      at: node.name,
      message: `${many(texts, 'EVAL call')}, ${percent(share)} of all script calls, have sent the whole text.`,
      evidence: [`cmdstat_eval:calls=${texts}`, `cmdstat_evalsha:calls=${digests}`],
      remedy:
        'Call scripts with EVALSHA and send the text only after NOSCRIPT, as client libraries do for defined scripts.',
    },
  ];
}
