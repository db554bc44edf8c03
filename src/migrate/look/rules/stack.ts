import { type Rule, stops, warns } from '../types.ts';

/** Names of keys, users and the Compose project follow from it. */
export const sameName: Rule = ({ before, after }) =>
  before === undefined || before.spec.name === after.spec.name
    ? []
    : [
        stops(
          'name',
          'name',
          `The stack is called ${before.spec.name} and would be called ${after.spec.name}. Its name stands in keys, volumes and the Compose project.`,
          `Keep name: ${before.spec.name}.`,
        ),
      ];

/** A replica speaks to its primary one way: encrypted or not. */
export const sameEncryption: Rule = ({ before, after }) => {
  if (before === undefined) return [];
  const old = before.spec.security.tls;
  const next = after.spec.security.tls;
  if (old === next) return [];
  return [
    stops(
      'tls',
      'security.tls',
      `The present servers speak ${old ? 'TLS' : 'without TLS'}, the new ones would ${next ? 'speak it' : 'not'}. A replica uses one way for all its links.`,
      `Migrate with security.tls: ${old} first, and change it afterwards with \`update\` and \`up\`.`,
    ),
  ];
};

/** The switch is made with min-replicas-to-write as its fence; a limit of the user's own is worth knowing. */
export const minReplicas: Rule = ({ totals, route }) => {
  const limited = totals.primaries.filter(
    ({ replication }) => (replication?.minReplicasToWrite ?? 0) > (replication?.followers.length ?? 0),
  );
  return route.switches === 0 || limited.length === 0
    ? []
    : [
        warns(
          'min-replicas',
          'min-replicas-to-write',
          'It asks for more replicas than there are, so that writes are refused now.',
          'Bring the replicas back, or lower it.',
        ),
      ];
};
