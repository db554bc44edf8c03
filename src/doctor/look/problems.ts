import { type Problem, problem } from '../../problem.ts';
import type { Unseen } from '../../redis/ask.ts';
import type { Credentials } from '../../redis/connection.ts';
import type { NodeFacts } from '../facts.ts';
import type { Silent } from './discover.ts';
import type { Target } from './types.ts';

/** Nobody has let us in. */
export function nobodyAnswers({ asked, credentials }: Target, silent: readonly Silent[]): Problem {
  const refused = silent.find(({ isRefused }) => isRefused);
  const detail = cut(silent.map(({ at, why }) => `${at}: ${why}`));
  if (!refused)
    return {
      ...problem('doctor/no-answer', asked, 'No server answers there.', remedyOf(silent, credentials)),
      detail,
    };
  const remedy =
    credentials.password === ''
      ? 'Give a user and a password.'
      : `Check the password of the user ${credentials.username}, and that this user is on.`;
  return {
    ...problem('doctor/no-login', asked, 'The server answers, but refuses this login.', remedy),
    detail,
  };
}

/** Enough to understand it. */
const MOST_LINES = 8;

const cut = (lines: readonly string[]): readonly string[] =>
  lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more`]
    : lines;

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /protected mode/i,
    'Run this on the machine of the server, or give the server a password and an address to listen on.',
  ],
  [/maxclients/i, 'Close clients that are not needed, raise maxclients, and try again.'],
  [
    /certificate|authority|self.signed/i,
    'Give the certificate of the authority that has signed that of the server.',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'Check the name of the host.'],
  [/ECONNREFUSED/, 'Check host and port, and that the server runs and listens on that address.'],
  [
    /no answer within|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'Check the address, and whether a firewall or a security group keeps this machine out.',
  ],
];

function remedyOf(silent: readonly Silent[], { tls }: Credentials): string {
  const said = silent.map(({ why }) => why).join('\n');
  const known = REMEDIES.find(([pattern]) => pattern.test(said))?.[1];
  if (known) return known;
  return tls
    ? 'Check the address, and whether this server speaks TLS on that port.'
    : 'Check the address; where the server speaks TLS, write rediss:// instead of redis://.';
}

/** Whether anything but an answer to PING has come of a node. */
export const isBlank = (node: NodeFacts): boolean =>
  [
    node.info,
    node.settings,
    node.slow,
    node.latency,
    node.clients,
    node.users,
    node.cluster,
    node.keys,
  ].every((fact) => fact === undefined);

/** Everybody lets us in, and says nothing. */
export function nothingSeen({ asked, credentials }: Target, unseen: readonly Unseen[]): Problem {
  const hasNoRight = unseen.some(({ allow }) => allow !== undefined);
  const [message, remedy] = hasNoRight
    ? [
        `The user ${credentials.username} may ask nothing of what a look needs.`,
        `Allow at least INFO: ACL SETUSER ${credentials.username} +info`,
      ]
    : [
        'It answers, but tells nothing of itself: a proxy, or a service that hides its servers.',
        'Give the address of a server behind it.',
      ];
  const detail = cut(unseen.map(({ at, what, why }) => `${at}: ${what}: ${why}`));
  return { ...problem('doctor/nothing-seen', asked, message, remedy), detail };
}
