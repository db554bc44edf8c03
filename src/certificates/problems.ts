import type { StackModel, StackNode } from '../model/types.ts';
import { type Problem, problem, warning } from '../problem.ts';
import { CA_CERTIFICATE, pairPaths } from '../workspace/paths.ts';
import {
  covers,
  daysLeft,
  isIssuedBy,
  isPair,
  readCertificate,
  type Validity,
  validityAt,
} from './inspect.ts';
import { certificateNames } from './names.ts';

/** From then on people are told, long before anything fails. */
const WARN_DAYS = 30;

type Texts = ReadonlyMap<string, string>;
type Fault = 'missing' | 'damaged' | Exclude<Validity, 'valid'> | 'soon';

/** What is wrong with the certificates of a stack, or soon will be. Empty where it does not speak TLS. */
export function certificateProblems(model: StackModel, texts: Texts, now: Date): readonly Problem[] {
  if (!model.spec.security.tls) return [];
  const authority = readCertificate(texts.get(CA_CERTIFICATE));
  if (!authority) return [noAuthority(texts.has(CA_CERTIFICATE))];
  const ofAuthority = datesOf(authority, now);
  if (ofAuthority) return [authorityOutOfDate(ofAuthority, authority.validTo)];
  const found = model.nodes.map((node) => ({ node, fault: faultOf(node, texts, authority, now) }));
  return (Object.keys(SAID) as Fault[]).flatMap((fault) => {
    const nodes = found.filter((f) => f.fault === fault).map((f) => f.node);
    const [first] = nodes;
    return first ? [SAID[fault](nodes, readCertificate(texts.get(pairPaths(first.name).certificate)))] : [];
  });
}

type Certificate = NonNullable<ReturnType<typeof readCertificate>>;

function faultOf(node: StackNode, texts: Texts, authority: Certificate, now: Date): Fault | undefined {
  const paths = pairPaths(node.name);
  const pair = { certificate: texts.get(paths.certificate), key: texts.get(paths.key) };
  const certificate = readCertificate(pair.certificate);
  if (pair.certificate === undefined || pair.key === undefined) return 'missing';
  const fits = isPair({ certificate: pair.certificate, key: pair.key });
  if (!certificate || !fits || !isIssuedBy(certificate, authority)) return 'damaged';
  return covers(certificate, certificateNames(node)) ? datesOf(certificate, now) : 'damaged';
}

function datesOf(certificate: Certificate, now: Date): Exclude<Fault, 'missing' | 'damaged'> | undefined {
  const validity = validityAt(certificate, now);
  if (validity !== 'valid') return validity;
  return daysLeft(certificate, now) < WARN_DAYS ? 'soon' : undefined;
}

const RENEW = 'Run create-redis-stack rotate --certificates.';
const MAKE = 'Run create-redis-stack update, which makes it anew.';

type Say = (nodes: readonly StackNode[], first: Certificate | undefined) => Problem;

const place = ([first]: readonly StackNode[]) => pairPaths(first?.name ?? '').certificate;
const names = (nodes: readonly StackNode[]) => nodes.map((node) => node.name).join(', ');
const many = (nodes: readonly StackNode[], one: string, more: string) => (nodes.length === 1 ? one : more);

const SAID: Readonly<Record<Fault, Say>> = {
  missing: (nodes) =>
    problem(
      'tls/no-certificate',
      place(nodes),
      `There is no certificate with its key for ${names(nodes)}.`,
      MAKE,
    ),
  damaged: (nodes) =>
    problem(
      'tls/certificate-unusable',
      place(nodes),
      `The ${many(nodes, 'certificate', 'certificates')} of ${names(nodes)} cannot be used: the key, the authority or the names and addresses in it do not fit.`,
      MAKE,
    ),
  expired: (nodes, first) =>
    problem(
      'tls/certificate-expired',
      place(nodes),
      `The ${many(nodes, 'certificate', 'certificates')} of ${names(nodes)} expired on ${first?.validTo}; nobody would connect.`,
      RENEW,
    ),
  'not-yet': (nodes, first) =>
    problem(
      'tls/certificate-not-yet-valid',
      place(nodes),
      `The ${many(nodes, 'certificate', 'certificates')} of ${names(nodes)} is valid from ${first?.validFrom} on, which is still to come.`,
      'Look at the clock of this machine. If it is right: create-redis-stack rotate --certificates.',
    ),
  soon: (nodes, first) =>
    warning(
      'tls/certificate-expires-soon',
      place(nodes),
      `The ${many(nodes, 'certificate', 'certificates')} of ${names(nodes)} will expire on ${first?.validTo}.`,
      RENEW,
    ),
};

function noAuthority(isThere: boolean): Problem {
  return problem(
    'tls/no-authority',
    CA_CERTIFICATE,
    isThere
      ? 'It holds no certificate; without one no server can be trusted.'
      : 'It is not there; without it no server can be trusted.',
    'Bring it back from a backup. Where the stack has no certificates yet, create-redis-stack update makes them.',
  );
}

function authorityOutOfDate(fault: Exclude<Fault, 'missing' | 'damaged'>, until: string): Problem {
  const remedy =
    'Delete .secrets/tls/ and run create-redis-stack update: every client then needs the new ca.crt, and every node a restart.';
  return fault === 'soon'
    ? warning('tls/authority-expires-soon', CA_CERTIFICATE, `It will expire on ${until}.`, remedy)
    : problem('tls/authority-out-of-date', CA_CERTIFICATE, `It is not valid now (until ${until}).`, remedy);
}
