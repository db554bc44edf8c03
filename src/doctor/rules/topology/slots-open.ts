import type { Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { myself } from './members.ts';

export const slotsOpen: Rule = {
  id: 'slots-open',
  group: 'topology',
  severity: 'warning',
  title: 'Slots that were left half moved',
  looksAt: ['CLUSTER NODES: [slot->-node], [slot-<-node]'],
  why: 'Keys of such a slot lie on two nodes: commands on several of its keys fail with TRYAGAIN, others take a detour over ASK.',
  fix: 'If no move is under way, `redis-cli --cluster fix` finishes it.',
  sources: ['https://valkey.io/topics/cluster-spec', 'https://valkey.io/commands/cluster-setslot'],
  find: (facts) => {
    // Each node shows its own alone, and a replica those of its primary.
    const open = facts.nodes
      .filter(({ role }) => role !== 'replica')
      .flatMap((node) =>
        (myself(node)?.openSlots ?? []).map((text) => ({ node, text, slot: /\d+/.exec(text)?.[0] ?? '' })),
      );
    const [first] = open;
    if (!first) return [];
    const slots = [...new Set(open.map(({ slot }) => slot))];
    const oneSided = slots.filter((slot) => open.filter((one) => one.slot === slot).length === 1);
    const shown = slots.length > 5 ? `${slots.slice(0, 5).join(', ')}, ...` : inWords(slots);
    const state =
      oneSided.length > 0
        ? 'One side alone says so, as after a move that was broken off.'
        : 'A move is under way, or was broken off.';
    return [
      {
        at: first.node.name,
        message: `${many(slots.length, 'slot')} (${shown}) ${slots.length === 1 ? 'is' : 'are'} open on ${inWords(open.map(({ node }) => node.name))}. ${state}`,
        evidence: open.slice(0, 8).map(({ node, text }) => `${node.name}: [${text}]`),
        remedy: `Ask again in a minute. If the same slots are open, \`redis-cli --cluster fix ${first.node.at.host}:${first.node.at.port}\`.`,
      },
    ];
  },
};
