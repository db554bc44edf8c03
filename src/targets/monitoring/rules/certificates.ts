import { type AlertFacts, type AlertRule, critical, warning } from './types.ts';

const WHERE = 'stacks with TLS';
const encrypted = (f: AlertFacts): boolean => f.tls;
const DAY = 86_400;
const RENEW = 'Renew it without a restart: `npx create-redis-stack rotate`.';

const left = (f: AlertFacts, days: number): string =>
  `probe_ssl_earliest_cert_expiry{stack="${f.stack}"} - time() < ${days * DAY}`;

export const certificateAlerts: readonly AlertRule[] = [
  {
    name: 'RedisCertificateExpiresSoon',
    group: 'certificates',
    where: WHERE,
    applies: encrypted,
    severity: warning,
    forSeconds: 0,
    expr: (f) => left(f, 21),
    summary: 'The certificate of <node> expires within three weeks',
    description: 'Afterwards no client, replica or peer connects to it any more.',
    remedy: () => RENEW,
  },
  {
    name: 'RedisCertificateExpires',
    group: 'certificates',
    where: WHERE,
    applies: encrypted,
    severity: critical,
    forSeconds: 0,
    expr: (f) => left(f, 3),
    summary: 'The certificate of <node> expires within three days, or has expired',
    description: 'Then no client, replica or peer connects to it any more; links that are there go on.',
    remedy: () => RENEW,
  },
  {
    name: 'RedisTlsFailing',
    group: 'certificates',
    where: WHERE,
    applies: encrypted,
    severity: critical,
    forSeconds: 60,
    expr: (f) => `probe_success{stack="${f.stack}"} == 0`,
    summary: 'Node <node> cannot be reached by TLS',
    description: 'It does not listen, or the handshake fails; how long its certificate lasts is not known.',
    remedy: (c) => `Look at \`${c.logs}\`, and at \`openssl s_client -connect 127.0.0.1:<port>\`.`,
  },
];
