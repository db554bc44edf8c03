import { place, type Unseen } from '../../../redis/ask.ts';
import { NEEDED_COMMANDS, type NodeFacts } from '../facts.ts';
import { type Rule, stops, warns } from '../types.ts';

/** Every node must answer. */
export const nodesAnswer: Rule = ({ facts }) =>
  facts.silent.map(({ at, why }) =>
    stops(
      'silent',
      at,
      `It does not answer: ${why.replace(/\.$/, '')}.`,
      'Bring it back, or correct the address and the login, and begin again.',
    ),
  );

/** What could not be seen was not judged either. */
export const somethingHidden: Rule = ({ facts }) => {
  const places = [...new Set(facts.unseen.map(({ at }) => at))];
  return places.map((at) => {
    const hidden = facts.unseen.filter((one) => one.at === at);
    return warns(
      'not-seen',
      at,
      `It would not tell ${listed(hidden)} (${hidden[0]?.why ?? 'refused'}). Nobody has looked at that.`,
      'Log in as a user that may, or make sure of it yourself.',
    );
  });
};

const listed = (unseen: readonly Unseen[]): string => unseen.map(({ what }) => what).join(', ');

/** Without these no copy can be taken, or no switch made without losing writes. */
const VITAL = ['psync', 'replconf', 'client|pause', 'client|unpause'] as const;

/** A foreign server may hide commands or keep them from us; our own admin user may give them all. */
export const commandsAllowed: Rule = ({ facts, more }) =>
  more.foreign ? facts.nodes.flatMap((node) => [...vitalMissing(node), ...usefulMissing(node)]) : [];

const spoken = (commands: readonly string[]): string =>
  commands.map((command) => command.replace('|', ' ').toUpperCase()).join(', ');

function vitalMissing({ at, rights }: NodeFacts) {
  const missing = VITAL.filter((command) => rights[command] === false);
  return missing.length === 0
    ? []
    : [
        stops(
          'commands-refused',
          place(at),
          `This user may not give ${spoken(missing)}, or the server hides it. A copy is taken with PSYNC and REPLCONF, and writes are held with CLIENT PAUSE.`,
          'Use a user that may. Managed services often hide them for good: then another tool must copy the data.',
        ),
      ];
}

function usefulMissing({ at, rights }: NodeFacts) {
  const useful = NEEDED_COMMANDS.filter((command) => !VITAL.some((vital) => vital === command));
  const missing = useful.filter((command) => rights[command] === false);
  return missing.length === 0
    ? []
    : [
        warns(
          'commands-missing',
          place(at),
          `This user may not give ${spoken(missing)}: after the switch the old server takes writes again, or keeps its clients, and those writes are lost.`,
          'Use a user that may, or stop its clients at the switch yourself.',
        ),
      ];
}
