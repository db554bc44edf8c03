import type { Facts, NodeFacts } from '../facts.ts';
import { reconnects } from '../rules/patterns/reconnects.ts';
import type { ChecklistItem } from '../types.ts';
import { many } from '../words.ts';

/** Of one program on one host; a pool of that size is none. */
const MANY_CONNECTIONS = 500;

export const connectionPooling: ChecklistItem = {
  id: 'connection-pooling',
  question: 'Do clients keep their connections, and not too many?',
  why: 'A connection costs more than a command: it is opened once and shared. Thousands of them cost memory and reach maxclients.',
  answer(facts) {
    const churn = reconnects.find(facts);
    const crowds = facts.nodes.flatMap(crowdsOn);
    if (churn.length + crowds.length > 0) {
      return { answer: 'no', evidence: [...churn.map(({ at, message }) => `${at}: ${message}`), ...crowds] };
    }
    const seen = facts.nodes.filter(({ clients }) => (clients?.connected ?? 0) > 0);
    if (seen.length > 0) return { answer: 'yes', evidence: seen.slice(0, 6).map(words) };
    return { answer: 'unseen', evidence: [reason(facts)] };
  },
};

const crowdsOn = ({ name, clients }: NodeFacts): readonly string[] =>
  (clients?.groups ?? [])
    .filter(({ count }) => count >= MANY_CONNECTIONS)
    .map((one) => `${name}: ${many(one.count, 'connection')} of ${one.user} from ${one.host}`);

function words({ name, clients, info }: NodeFacts): string {
  const groups = clients?.groups ?? [];
  const most = Math.max(0, ...groups.map(({ count }) => count));
  const opened = info?.total_connections_received;
  return `${name}: ${many(clients?.connected ?? 0, 'client')}, ${most} at most of one program on one host${opened === undefined ? '' : `, total_connections_received:${opened} in ${info?.uptime_in_seconds ?? '?'} s`}`;
}

function reason({ source, nodes }: Facts): string {
  if (source === 'spec') return 'Nothing runs yet.';
  return nodes.some(({ clients }) => clients !== undefined)
    ? 'No client is connected at the moment.'
    : 'CLIENT LIST was not answered.';
}
