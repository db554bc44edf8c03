import { ofKind, placeOf } from '../objects.ts';
import { containersOf } from '../pods.ts';
import { onContainers, onPods, type Policy, when } from './types.ts';

const SPEAKS_OF_SECRETS = /(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|ACCESS_KEY|AUTH)$/;
/** `-a word` of redis-cli and what servers take as arguments. */
const ON_COMMAND_LINE = /(^|\s)(-a|--pass|--requirepass|--masterauth|--user \S+ --pass)(\s|=|$)/;
/** A password, its digest or the absence of one, in a file of a server. */
const IN_FILES = /^\s*(requirepass|masterauth|sentinel auth-pass)\s+\S|^user .*(\snopass\b|\s[#>]\S)/m;
const MOST_OPEN_MODE = 0o440;

/** Where passwords may be: in Secrets, and in files that only their server reads. */
export const SECRETS: readonly Policy[] = [
  {
    id: 'no-secret-in-variables',
    why: 'a variable holds the whole key, its newline and older passwords too, is inherited by every child and never follows a change',
    check: onContainers(({ env = [], envFrom = [] }) => [
      ...env
        .filter(
          (one) => SPEAKS_OF_SECRETS.test(one.name) && one.value !== undefined && !one.value.startsWith('/'),
        )
        .map((one) => `has a secret in the open, ${one.name}`),
      ...when(
        env.some(({ valueFrom }) => valueFrom?.secretKeyRef) || envFrom.some(({ secretRef }) => secretRef),
        'takes a secret as a variable',
      ),
    ]),
  },
  {
    id: 'no-secret-on-command-lines',
    why: 'every process of the machine can read them',
    check: onContainers(({ command = [], args = [] }) =>
      when(ON_COMMAND_LINE.test([...command, ...args].join(' ')), 'is given a password as an argument'),
    ),
  },
  {
    id: 'no-secret-in-config-maps',
    why: 'whoever may read settings can then log in',
    check: ({ objects }) =>
      ofKind(objects, 'ConfigMap').flatMap((map) =>
        Object.entries(map.data ?? {})
          .filter(([key, text]) => /\.(conf|acl|cfg)$/.test(key) && IN_FILES.test(text))
          .map(([key]) => ({ at: placeOf(map), says: `${key} holds a password` })),
      ),
  },
  {
    id: 'no-secret-in-the-release',
    why: 'Helm keeps the values and the manifests of each revision',
    check: ({ objects }) =>
      ofKind(objects, 'Secret').map((secret) => ({ at: placeOf(secret), says: 'the chart writes a Secret' })),
  },
  {
    id: 'few-secrets',
    why: 'a container that is taken over gives away the passwords that it mounts',
    check: onPods((template) => {
      const mounted = new Set(
        containersOf(template).flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)),
      );
      return (template.spec.volumes ?? [])
        .filter(({ name, secret }) => secret && mounted.has(name))
        .flatMap(({ name, secret }) => [
          ...when((secret?.items ?? []).length === 0, `its volume ${name} has every key of the Secret`),
          ...when((secret?.defaultMode ?? 0o644) > MOST_OPEN_MODE, `its volume ${name} is open to everybody`),
        ]);
    }),
  },
];
